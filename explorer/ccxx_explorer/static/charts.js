// Draws the charts of the statistics page with uPlot, over the pictures that the server drew.
// The numbers come from the page's JSON twin; words come from the page.
const SATOSHIS = 100_000_000;
const HEIGHT = 240;

// Each chart: which numbers of the twin it shows.
const READERS = {
  certificates: (facts) => overTime(facts, (bucket) => bucket.certificates),
  transactions: (facts) => overTime(facts, (bucket) => bucket.transactions),
  interval: (facts) => overTime(facts, (bucket) => bucket.interval, true),
  credit: (facts) => overTime(facts, (bucket) => bucket.root_credit === null ? null : bucket.root_credit / SATOSHIS, true),
  issuers: (facts) => ({
    names: facts.issuers.map((issuer) => issuer.name ?? `${issuer.issuer_key.slice(0, 10)}…`),
    data: [facts.issuers.map((_, place) => place), facts.issuers.map((issuer) => issuer.certificates)],
  }),
};

// A line goes on to where its last span ends.
function overTime(facts, value, isLine = false) {
  const data = [facts.buckets.map((bucket) => bucket.start), facts.buckets.map(value)];
  if (isLine && data[0].length) {
    data[0].push(facts.buckets.at(-1).end);
    data[1].push(data[1].at(-1));
  }
  return { data };
}

// Amounts as the tables have them; numbers as the reader groups them, in Latin digits.
const grouped = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`);

function written(plot, value) {
  return plot.dataset.chart === "credit" ? `${value.toFixed(8)} CCXX` : grouped.format(value);
}

// The colours of the page as a canvas understands them, whichever theme is on.
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function day(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

// Days in UTC as the tables write them, with the time where the chart is short.
function moment(seconds, span) {
  const text = day(seconds);
  return span > 4 * 86_400 ? text.slice(0, 10) : text.slice(5);
}

function axes(names) {
  const look = { stroke: () => colour("--soft"), grid: { stroke: () => colour("--line") }, ticks: { stroke: () => colour("--line") } };
  const below = names
    ? { ...look, splits: () => names.map((_, place) => place), values: () => names, rotate: names.length > 3 ? -35 : 0, size: names.length > 3 ? 90 : 40 }
    : { ...look, space: 110, values: (_, seconds) => seconds.map((each) => moment(each, seconds.at(-1) - seconds[0])) };
  return [below, { ...look, size: 70, values: (_, numbers) => numbers.map((each) => grouped.format(each)) }];
}

function options(plot, names, width) {
  const isBars = plot.dataset.kind === "bars";
  const series = { stroke: () => colour("--accent"), width: isBars ? 0 : 2, points: { show: false } };
  if (isBars) {
    series.fill = () => colour("--accent");
    series.paths = uPlot.paths.bars({ size: [0.8, 60] });
  } else {
    series.paths = uPlot.paths.stepped({ align: 1 });
  }
  // By the numbers themselves: for a single one uPlot would show years.
  const edge = (chart) => {
    const [first, last] = [chart.data[0].at(0), chart.data[0].at(-1)];
    const space = names ? 0.6 : Math.max(1800, (last - first) * 0.02);
    return [first - space, last + space];
  };
  return {
    width, height: HEIGHT, legend: { show: false }, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { x: { time: !names, range: edge }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1] } },
    series: [{}, series], axes: axes(names),
    cursor: { y: false, drag: { x: false, y: false } },
    hooks: { setCursor: [(chart) => read(plot, chart, names)] },
  };
}

// Says in words what lies under the pointer.
function read(plot, chart, names) {
  const line = plot.nextElementSibling;
  const place = chart.cursor.idx;
  const value = place === null || place === undefined ? null : chart.data[1][place];
  line.hidden = false;
  line.textContent = value === null ? "\u00a0" : `${names ? names[place] : day(chart.data[0][place])}: ${written(plot, value)}`;
}

function draw(plot, facts) {
  const { data, names } = READERS[plot.dataset.chart](facts);
  const box = document.createElement("div");
  box.className = "drawn";
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", plot.dataset.title);
  for (const old of [...plot.children]) old.hidden = true;
  plot.querySelector("svg").setAttribute("hidden", "");
  plot.append(box);
  const chart = new uPlot(options(plot, names, plot.clientWidth), data, box);
  new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height: HEIGHT })).observe(plot);
  const redraw = () => chart.redraw(false);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true });
}

const page = document.querySelector("[data-statistics]");
if (page && globalThis.uPlot) {
  const answer = await fetch(page.dataset.statistics).catch(() => null);
  if (answer?.ok) {
    const facts = await answer.json();
    for (const plot of page.querySelectorAll("[data-chart]")) draw(plot, facts);
  }
}
