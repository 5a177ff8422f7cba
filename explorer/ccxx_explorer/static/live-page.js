// What news do to the page: lists are brought up to date where they stand, "as of" follows the
// newest block while the verdict stays, and else a line says that there is something newer.

const LEAST_PAUSE = 5_000;
const SPREAD = 1_500;

const main = document.querySelector("main");
let line = null;
let asked = 0;
let timer = null;

export const sayNewer = (words, load) => {
  if (!line) {
    line = document.createElement("p");
    line.className = "notice live-newer";
    line.setAttribute("role", "status");
    main.prepend(line);
  }
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = load;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
  line.replaceChildren(document.createTextNode(words), link);
};

const isBusy = () =>
  (document.activeElement !== main && main.contains(document.activeElement)) ||
  !getSelection().isCollapsed ||
  main.querySelector("details[open], dialog[open]") !== null;

const fetchPage = async () => {
  const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return new DOMParser().parseFromString(await reply.text(), "text/html");
};

// Only what differs is exchanged, so that whoever reads with a screen reader keeps their place.
const exchange = (old, fresh) => {
  const [before, after] = [[...old.children].filter((each) => each !== line), [...fresh.children]];
  after.forEach((child, index) => {
    // A search has no news in it, and completion works in the field that stands there.
    if (before[index]?.querySelector("form[role=search]") && child.querySelector("form[role=search]")) return;
    if (!before[index]) old.append(document.adoptNode(child));
    else if (!before[index].isEqualNode(child)) before[index].replaceWith(document.adoptNode(child));
  });
  before.slice(after.length).forEach((child) => child.remove());
};

const textOf = (root) =>
  [...root.querySelectorAll("main .verdict")].map((each) => each.textContent.trim()).join("\n");

const refresh = async (lists, words) => {
  asked = Date.now();
  try {
    const fresh = await fetchPage();
    if (lists) {
      if (isBusy()) return sayNewer(words.newer, words.load);
      exchange(main, fresh.querySelector("main"));
      line?.remove();
      line = null;
      return undefined;
    }
    if (textOf(document) !== textOf(fresh)) return sayNewer(words.changed, words.load);
    const [old, now] = [document, fresh].map((each) => each.querySelector("[data-live='as-of']"));
    if (!old || !now) return sayNewer(words.newer, words.load);
    old.replaceWith(document.adoptNode(now));
    return undefined;
  } catch {
    return sayNewer(words.newer, words.load);
  }
};

// Bring the page up to date soon, at most every few seconds.
export const bringUpToDate = (lists, words) => {
  clearTimeout(timer);
  const pause = Math.max(0, asked + LEAST_PAUSE - Date.now()) + Math.random() * SPREAD;
  timer = setTimeout(() => refresh(lists, words), pause);
};
