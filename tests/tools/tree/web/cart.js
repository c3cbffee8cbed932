var total = 0;

export function add(item) {
  if (item.price == null) {
    return total;
  }
  total += eval(item.price);
  return total;
}

export function take(item) {
  var unused = item.name;
  total -= eval(item.price);
  return total;
}

export function price(item) {
  const text = item.price;
  return eval(text);
}

export function same(one, other) {
  return one == other;
}

export function different(one, other) {
  return one != other;
}

export function broken(text) {
  try {
    return JSON.parse(text);
  } catch (error) {}
}
