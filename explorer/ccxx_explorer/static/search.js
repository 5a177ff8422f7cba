// Completes what is typed into a search field: the combobox pattern of ARIA, with a list of links.
// Without this file, or without an answer, the field is the plain form that it was.
const REST_MILLISECONDS = 150;

class Completion {
  #field; #list; #said; #options = []; #active = -1; #asked = null; #timer = 0;

  constructor(field, number) {
    this.#field = field;
    this.#list = document.createElement("ul");
    this.#list.id = `completion-${number}`;
    this.#list.className = "completion";
    this.#list.hidden = true;
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", field.dataset.suggestions);
    this.#said = document.createElement("span");
    this.#said.className = "unseen";
    this.#said.setAttribute("role", "status");
    field.after(this.#list, this.#said);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"],
      ["aria-expanded", "false"], ["aria-controls", this.#list.id]]) field.setAttribute(name, value);
    field.addEventListener("input", () => this.#later());
    field.addEventListener("keydown", (event) => this.#press(event));
    field.addEventListener("blur", () => this.#close());
    // A press would take the focus away before the click is done.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => this.#go(event.target.closest("[role=option]")));
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), REST_MILLISECONDS);
  }

  async #ask() {
    const typed = this.#field.value.trim();
    this.#asked?.abort();
    if (!typed) return this.#close();
    this.#asked = new AbortController();
    const query = new URLSearchParams({ q: typed, lang: document.documentElement.lang });
    try {
      const answer = await fetch(`/suggest.json?${query}`, { signal: this.#asked.signal });
      const facts = answer.ok ? await answer.json() : { candidates: [] };
      if (document.activeElement === this.#field) this.#show(facts.candidates);
    } catch (error) {
      if (error.name !== "AbortError") this.#close();
    }
  }

  #show(candidates) {
    const kinds = JSON.parse(this.#field.dataset.kinds);
    this.#options = candidates.map((candidate, place) => this.#option(candidate, place, kinds));
    this.#list.replaceChildren(...this.#options);
    this.#choose(-1);
    this.#list.hidden = candidates.length === 0;
    this.#field.setAttribute("aria-expanded", String(candidates.length > 0));
    this.#said.textContent = candidates.length ? `${candidates.length} ${this.#field.dataset.suggestions}` : "";
  }

  // Text from the chain is only ever set as text.
  #option(candidate, place, kinds) {
    const option = document.createElement("li");
    option.id = `${this.#list.id}-${place}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.url = candidate.url;
    for (const [name, text] of [["kind", kinds[candidate.kind] ?? candidate.kind], ["title", candidate.title], ["note", candidate.note]]) {
      const part = document.createElement(name === "kind" ? "span" : "bdi");
      part.className = name;
      part.textContent = text;
      option.append(part, " ");
    }
    return option;
  }

  #choose(place) {
    this.#options[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = place;
    const option = this.#options[place];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.#field.setAttribute("aria-activedescendant", option.id);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  #press(event) {
    const count = this.#options.length;
    if (event.key === "Escape" && !this.#list.hidden) {
      event.preventDefault();
      this.#close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count && !this.#list.hidden) {
      event.preventDefault();
      // One step past either end is the field itself.
      const next = this.#active + (event.key === "ArrowDown" ? 1 : -1);
      this.#choose(next < -1 ? count - 1 : next >= count ? -1 : next);
    } else if (event.key === "Enter" && this.#active >= 0) {
      event.preventDefault();
      this.#go(this.#options[this.#active]);
    }
  }

  #go(option) {
    if (option) location.assign(option.dataset.url);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#options = [];
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#field.setAttribute("aria-expanded", "false");
    this.#choose(-1);
  }
}

document.querySelectorAll("input[data-suggestions]").forEach((field, number) => new Completion(field, number));
