export function build(text) {
  return eval(text);
}
