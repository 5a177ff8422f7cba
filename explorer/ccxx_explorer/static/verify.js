// Check a document without sending it: the browser works out its hash and asks by that. What the
// server needs the file for (a PDF with its proof inside) is sent only when the visitor says so.

const INNER_PROOF = "/chainpoint_proof";
const LARGEST_JSON = 2_000_000;

const form = document.querySelector("form.verify");
const { document: file, proof, local, hash, canonical } = form.elements;
const send = form.querySelector("button.send");
const said = form.querySelector(".said-here");

const say = (words) => {
  said.textContent = words;
};

const digest = async (bytes) => {
  const found = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(found), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

// RFC 8785 is how JavaScript itself writes numbers and texts, with sorted keys.
const canonicalForm = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonicalForm).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalForm(value[key])}`).join(",")}}`;
};

const keysOf = (value) => {
  if (value === null || typeof value !== "object") return 0;
  const within = Object.values(value).reduce((sum, each) => sum + keysOf(each), 0);
  return Array.isArray(value) ? within : within + Object.keys(value).length;
};

const isExact = (number) =>
  Number.isFinite(Number(number)) && (/[.eE]/.test(number) || Number.isSafeInteger(Number(number)));

// JavaScript keeps the last of two equal keys and rounds what it cannot hold. Such a file has no
// canonical form: another reader would see something else in it than what was certified.
const isUnambiguous = (text, value) => {
  let keys = 0;
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*/g)) {
    if (colon) keys += 1;
    else if (token[0] !== '"' && !isExact(token)) return false;
  }
  return keys === keysOf(value);
};

const canonicalHash = async (bytes) => {
  if (bytes.byteLength > LARGEST_JSON) return "";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.trimStart().startsWith("{")) return "";
    const value = JSON.parse(text);
    if (!isUnambiguous(text, value)) return "";
    return await digest(new TextEncoder().encode(canonicalForm(value)));
  } catch {
    return ""; // no JSON: the file is what it is
  }
};

const hasInnerProof = (bytes) => {
  const text = new TextDecoder("latin1").decode(bytes);
  return text.slice(0, 1024).includes("%PDF-") && text.includes(INNER_PROOF);
};

const offerToSend = (words) => {
  const fits = file.files[0].size <= Number(form.dataset.most);
  say(fits ? words : form.dataset.large);
  send.hidden = !fits;
  if (fits) send.focus();
};

const askByHash = async () => {
  say(form.dataset.working);
  const bytes = await file.files[0].arrayBuffer();
  if (!proof.files.length && hasInnerProof(bytes)) {
    offerToSend(form.dataset.inner);
    return;
  }
  hash.value = await digest(bytes);
  canonical.value = await canonicalHash(bytes);
  file.disabled = true; // what is disabled is not sent
  form.submit();
};

form.addEventListener("submit", (event) => {
  if (!file.files.length || !local.checked || event.submitter === send) return;
  event.preventDefault();
  if (!crypto.subtle) {
    offerToSend(form.dataset.insecure);
    return;
  }
  askByHash().catch(() => offerToSend(form.dataset.failed));
});

const forget = () => {
  hash.value = "";
  canonical.value = "";
  file.disabled = false;
  send.hidden = true;
  say("");
};
file.addEventListener("change", forget);
addEventListener("pageshow", forget); // also when the visitor comes back

// Dropped files: one that is called a proof goes to its own place.
const assign = (input, dropped) => {
  const carrier = new DataTransfer();
  carrier.items.add(dropped);
  input.files = carrier.files;
};
const isProof = (dropped) => /\.proof\.json$|\.chp$/i.test(dropped.name);
form.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  form.classList.add("over");
});
form.addEventListener("dragleave", () => form.classList.remove("over"));
form.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  form.classList.remove("over");
  for (const dropped of event.dataTransfer.files) assign(isProof(dropped) ? proof : file, dropped);
  forget();
});
