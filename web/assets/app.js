document.querySelector("[data-focus]")?.focus();
document.addEventListener("submit", (event) => {
const form = event.target;
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
document.addEventListener("keydown", (event) => {
const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
const find = document.querySelector("#find");
if (!find) return;
event.preventDefault();
find.focus();
});
