// The live state in the frame of every page, and what follows from what it hears.
import { bringUpToDate, sayNewer } from "./live-page.js";
import { listen } from "./live-source.js";

const badge = document.querySelector(".live");
const said = badge.querySelector(".live-words");
const { words, page } = {
  page: badge.dataset.page,
  words: Object.fromEntries(
    Object.entries(badge.dataset)
      .filter(([name]) => name.startsWith("words"))
      .map(([name, text]) => [name.slice(5).toLowerCase(), text]),
  ),
};
const state = { mode: null, off: null, node: null, index: null, reading: null };
let tip = badge.dataset.tip;

const clock = (seconds) =>
  new Intl.DateTimeFormat(`${document.documentElement.lang}-u-nu-latn`, {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: "UTC",
    timeZoneName: "short",
  }).format(new Date(seconds * 1000));

const sentence = () => {
  if (state.mode === "off") return words.off.replace("{time}", clock(state.off));
  if (state.index) return words.index.replace("{time}", clock(state.index));
  if (state.node) return words.node.replace("{time}", clock(state.node));
  if (state.reading) {
    const { height, of } = state.reading;
    return words.reading.replace("{height}", height).replace("{of}", of);
  }
  return words[state.mode];
};

const show = () => {
  if (!state.mode) return;
  badge.hidden = false;
  badge.dataset.state = state.mode !== "off" && (state.node || state.index) ? "off" : state.mode;
  const text = sentence();
  // The same words again would be read out again.
  if (said.textContent !== text) said.textContent = text;
  badge.title = text;
};

const flash = () => {
  delete badge.dataset.fresh;
  requestAnimationFrame(() => (badge.dataset.fresh = ""));
};

const follow = (text) => {
  flash();
  if (page === "still") return;
  if (page === "facts" && !document.querySelector("[data-live='as-of']")) sayNewer(text, words.load);
  else bringUpToDate(page === "lists", { ...words, newer: text });
};

const onEvent = {
  state: (now) => {
    state.node = now.node.online ? null : now.node.since;
    state.index = now.readable ? null : (now.away_since ?? Date.now() / 1000);
    const { height } = now.node;
    const isBehind = now.tip && height !== null && height - now.tip.height > 2;
    state.reading = isBehind ? { height: now.tip.height, of: height } : null;
    if (now.tip && now.tip.hash !== tip) onEvent.tip(now.tip);
  },
  tip: ({ hash }) => {
    state.reading = null;
    if (hash === tip) return;
    tip = hash;
    follow(words.newer);
  },
  reorganisation: ({ hash }) => {
    tip = hash;
    follow(words.reorganised);
  },
  progress: (data) => {
    state.reading = data;
  },
  mempool: () => {
    if (location.pathname.startsWith("/mempool")) follow(words.changed);
  },
  node: ({ online, since }) => {
    state.node = online ? null : since;
  },
  index: ({ readable, since }) => {
    state.index = readable ? null : (since ?? Date.now() / 1000);
  },
};
onEvent.resync = onEvent.state;

listen({
  stream: badge.dataset.stream,
  poll: badge.dataset.poll,
  onMode: (mode) => {
    state.off = mode === "off" ? (state.off ?? Date.now() / 1000) : null;
    state.mode = mode;
    show();
  },
  onEvent: (name, data) => {
    // A newer explorer may tell more than this page knows.
    onEvent[name]?.(data);
    show();
  },
});
