// The answer sends itself, once: coming back to this page with the browser's button does not send it again.
"use strict";

const [arrival] = performance.getEntriesByType("navigation");
if (!arrival || arrival.type !== "back_forward") {
  // Called on the prototype: a field named "submit" would hide the form's own method.
  HTMLFormElement.prototype.submit.call(document.getElementById("form-post"));
}
