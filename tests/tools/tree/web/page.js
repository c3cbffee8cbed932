var title = document.getElementById('title');
var body = document.getElementById('body');

function show(text) {
  title.innerHTML = text;
  body.innerHTML = '<p>' + text + '</p>';
}

function later(text) {
  setTimeout('show("' + text + '")', 100);
  setTimeout('show("' + text + '")', 100);
}

function pick(list) {
  for (var index in list) {
    if (list[index] = title) {
      return index;
    }
  }
  debugger;
  return new Function('return 1')();
}

window.location = 'javascript:void(0)';
later(window.location.hash);
