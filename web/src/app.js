// The few things that scripts improve. Every page works without them.

// What was wrong with a form is read first.
document.querySelector("[data-focus]")?.focus();

// A form that was sent is not sent twice; the server sees to it too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // What goes into a frame asks and changes nothing.
  if (form.method !== "post" || event.defaultPrevented || event.submitter?.formTarget) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// <button data-copy="#id" data-copied="Copied">: copies the text of #id, and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const from = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText((from.value ?? from.textContent).trim());
  const words = button.textContent;
  button.textContent = button.dataset.copied;
  document.querySelector("#live").textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = words), 2000);
});
for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;

// "/" leads to the search, as on many pages that are worked in all day.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const find = document.querySelector("#find");
  if (!find) return;
  event.preventDefault();
  find.focus();
});
