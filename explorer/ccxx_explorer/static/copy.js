// Copy what a button stands beside: the text is in its data-copy, the words for people on the page.
"use strict";

const said = document.querySelector(".said");
let latest = null;

const tell = (button, words, state) => {
  said.textContent = words;
  button.dataset.state = state;
  const mine = (latest = {});
  setTimeout(() => {
    delete button.dataset.state;
    // What a later press said stays for as long as any other.
    if (mine === latest) said.textContent = "";
  }, 2000);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    tell(button, said.dataset.copied, "done");
  } catch {
    tell(button, said.dataset.failed, "failed");
  }
});
