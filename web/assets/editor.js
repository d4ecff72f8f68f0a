const form = document.querySelector("#editor");
const refresh = document.querySelector("#refresh");
const box = document.querySelector(".frame");
let waiting;
let number = 0;
const preview = () => {
const next = box.querySelector("iframe").cloneNode();
next.removeAttribute("src");
next.classList.add("preview-next");
next.name = `preview-${++number}`;
box.append(next);
next.addEventListener("load", () => {
next.classList.remove("preview-next");
for (const frame of box.querySelectorAll("iframe")) if (frame !== next) frame.remove();
});
refresh.formTarget = next.name;
form.requestSubmit(refresh);
};
const soon = () => {
clearTimeout(waiting);
waiting = setTimeout(preview, 300);
};
form.addEventListener("input", (event) => {
if (event.target.closest(".side, .look-bar") && event.target.id !== "narrow") soon();
});
let last = document.querySelector("textarea");
form.addEventListener("focusin", (event) => {
if (event.target.matches(".side textarea, .side input[type=text]")) last = event.target;
});
for (const button of document.querySelectorAll("[data-insert]")) {
button.hidden = false;
button.addEventListener("click", () => {
last.focus();
last.setRangeText(button.dataset.insert, last.selectionStart, last.selectionEnd, "end");
soon();
});
}
for (const place of document.querySelectorAll("[data-filter-of]")) {
const rows = [...document.querySelectorAll(`${place.dataset.filterOf} tbody tr`)];
const label = document.createElement("label");
label.htmlFor = "fields-find";
label.textContent = place.dataset.label;
const find = document.createElement("input");
find.className = "govuk-input";
find.id = "fields-find";
find.type = "search";
find.addEventListener("input", () => {
const wanted = find.value.trim().toLowerCase();
for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
find.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
place.append(label, find);
}
