// The verification widget: <script src=".../widget.js" data-certificate="ccert1…" async></script>
// shows on any site how a certificate stands, as the explorer that serves this file knows it.
// Green is for one case alone: valid, in a block, and the explorer's node online.
(() => {
  "use strict";
  const WORDS = {}; // filled by the explorer, by language
  const LONGEST = 10_000;
  const AGAIN = 300_000;
  const SOON = 30_000;
  const BAD = ["revoked", "destroyed"];
  const WARN = ["expired", "suspended", "surrendered", "provisional", "pending"];
  const GLYPHS = { good: "✓", warn: "!", bad: "✕", calm: "?" };
  const STYLE = `
    :host { display: inline-block; max-inline-size: 100%; color-scheme: light dark; }
    :host([data-theme="light"]) { color-scheme: light; }
    :host([data-theme="dark"]) { color-scheme: dark; }
    .card { font: 15px/1.45 system-ui, sans-serif; box-sizing: border-box; inline-size: 21rem;
      max-inline-size: 100%; padding: .8rem 1rem; border: 1px solid; border-inline-start-width: .4rem;
      border-radius: .5rem; color: light-dark(#1d2430, #e6e9ef); background: light-dark(#fff, #1a2029);
      border-color: var(--tone); overflow-wrap: anywhere; }
    .card[data-tone="good"] { --tone: light-dark(#12623a, #7fdca6); }
    .card[data-tone="warn"] { --tone: light-dark(#7a4b00, #f4c66d); }
    .card[data-tone="bad"] { --tone: light-dark(#a01c23, #ff9d9d); }
    .card[data-tone="calm"] { --tone: light-dark(#44506a, #bcc6da); }
    p { margin: 0 0 .3rem; }
    .state { display: flex; gap: .5rem; align-items: baseline; font-size: 1.1rem; font-weight: 700;
      color: var(--tone); }
    .soft { color: light-dark(#55607a, #a3adc0); font-size: .85rem; }
    a { display: inline-block; min-block-size: 24px; color: light-dark(#1a4fa3, #8db8ff); }
    a:focus-visible { outline: 3px solid; outline-offset: 2px; }
    @media (forced-colors: active) { .card { border-color: CanvasText; } }
    @media print { .card { color: #000; background: #fff; } }`;

  const script = document.currentScript;
  const { certificate = "", lang = "", theme = "" } = script.dataset;
  const explorer = new URL(script.src).origin;
  const wishes = [lang, document.documentElement.lang, ...navigator.languages];
  const known = wishes.map((wish) => wish.toLowerCase().split("-")[0]).find((wish) => wish in WORDS);
  const language = known ?? "en";
  const words = WORDS[language];

  const host = document.createElement("div");
  host.dataset.ccxxCertificate = certificate;
  if (theme) host.dataset.theme = theme;
  const root = host.attachShadow({ mode: "open" });
  // A sheet made by script is not held up by the site's Content-Security-Policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };
  const card = element("section", "card");
  card.lang = language;
  card.dir = words.direction;
  card.setAttribute("aria-label", words.name);
  const state = element("p", "state");
  state.setAttribute("role", "status");
  const body = element("div");
  const link = element("a", "", words.more);
  link.href = certificate ? `${explorer}/certificate/${encodeURIComponent(certificate)}` : `${explorer}/widget`;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  card.append(state, body, link);
  root.append(card);
  script.after(host);

  const show = (tone, title, lines = []) => {
    card.dataset.tone = tone;
    const glyph = element("span", "", GLYPHS[tone]);
    glyph.setAttribute("aria-hidden", "true");
    state.replaceChildren(glyph, element("span", "", title));
    body.replaceChildren(...lines.filter(Boolean).map(([text, name]) => element("p", name, text)));
  };

  const about = (facts) => {
    const name = facts.definition?.title || facts.permit.title || facts.permit.code;
    const issuer = facts.definition?.issuer_name;
    return [
      [`${name}, ${words.serial.replace("{serial}", facts.serial)}`],
      issuer ? [issuer] : null,
      facts.summary ? [facts.summary] : null,
    ];
  };

  const toneOf = ({ status, verdict, confirmations }) => {
    if (status === "valid" && verdict.tone === "good" && confirmations > 0) return "good";
    if (BAD.includes(status)) return "bad";
    return WARN.includes(status) ? "warn" : "calm";
  };

  const judge = (facts) => {
    if (![facts.id, facts.certificate_id].includes(certificate.toLowerCase())) throw new Error("other id");
    const asOf = [words.asOf.replace("{height}", facts.as_of.height), "soft"];
    const tone = toneOf(facts);
    // Bad news stay true without a node; good news may be over.
    if (facts.as_of.online !== true && tone !== "bad") {
      return show("calm", words.unchecked, [[words.offline], ...about(facts), asOf]);
    }
    return show(tone, facts.verdict.title, [...about(facts), asOf]);
  };

  const check = async () => {
    let pause = AGAIN;
    try {
      const address = `${explorer}/certificate/${encodeURIComponent(certificate)}.json?lang=${language}`;
      const reply = await fetch(address, {
        cache: "no-cache",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(LONGEST),
      });
      const facts = await reply.json();
      if (reply.ok) judge(facts);
      else if (facts.error.code === "pending") show("warn", words.pending, [[facts.error.message]]);
      else if (reply.status === 404 || reply.status === 400) show("calm", words.unknown, [[facts.error.message]]);
      else throw new Error(`status ${reply.status}`);
    } catch {
      pause = SOON;
      show("calm", words.unchecked, [[words.away]]);
    }
    setTimeout(() => (document.hidden ? later() : check()), pause);
  };
  const later = () => document.addEventListener("visibilitychange", check, { once: true });

  if (certificate) {
    show("calm", words.checking);
    check();
  } else {
    show("calm", words.unnamed, [[words.toName]]);
  }
})();
