// The notice editor. Without this the preview has a button and the fields are copied by hand.

const form = document.querySelector("#editor");
const refresh = document.querySelector("#refresh");
const box = document.querySelector(".frame");

// The preview follows what is typed. Each time a new frame takes the place of the old one once it has loaded: a frame that
// goes on to another page would put that into the browser's history, and Back would lead there.
let waiting;
let number = 0;
const preview = () => {
  const next = box.querySelector("iframe").cloneNode();
  next.removeAttribute("src");
  next.classList.add("preview-next");
  // A frame keeps the name it was made with, so each has its own.
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

// "Insert" puts a field where the cursor was last.
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

// A field to find fields by, where there is a list of them.
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
