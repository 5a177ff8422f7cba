// Where news come from: a stream of events, and polling for as long as there is none.

const POLL = 15_000;
const SLOWEST_POLL = 120_000;
const STREAM_AGAIN = 60_000;
const SOON = 3_000;
const EVENTS = ["state", "resync", "tip", "reorganisation", "progress", "mempool", "node", "index"];

// Many visitors lose their stream at the same moment: they must not all come back at once.
const spread = (milliseconds) => milliseconds * (0.75 + Math.random() / 2);

// Tell `onMode` how we are connected ("live", "polling", "off"), and `onEvent` what happens.
export const listen = ({ stream, poll, onMode, onEvent }) => {
  let place = "";
  let source = null;
  let timer = null;
  let failures = 0;
  let pause = POLL;
  let streamAgain = 0;
  let turn = 0;

  const later = (work, milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(work, spread(milliseconds));
  };

  const openStream = () => {
    streamAgain = Date.now() + STREAM_AGAIN;
    source?.close();
    source = new EventSource(place ? `${stream}?after=${encodeURIComponent(place)}` : stream);
    source.onopen = () => {
      failures = 0;
      pause = POLL;
      onMode("live");
    };
    source.onerror = () => {
      source.close();
      source = null;
      failures += 1;
      if (failures < 2) later(openStream, SOON);
      else ask();
    };
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        place = event.lastEventId;
        onEvent(name, JSON.parse(event.data));
      });
    }
  };

  const ask = async () => {
    const mine = turn;
    try {
      const reply = await fetch(`${poll}?after=${encodeURIComponent(place)}`);
      if (!reply.ok) throw new Error(`status ${reply.status}`);
      const said = await reply.json();
      // Whoever looked away meanwhile has begun anew: two ways at once would tell all twice.
      if (mine !== turn) return;
      const isNew = !place || said.resync;
      place = said.id;
      pause = POLL;
      onMode("polling");
      if (isNew) onEvent("resync", said.state);
      else for (const each of said.events) onEvent(each.event, each.data);
      if (Date.now() > streamAgain && !document.hidden) return openStream();
    } catch {
      if (mine !== turn) return;
      onMode("off");
      pause = Math.min(pause * 2, SLOWEST_POLL);
    }
    if (!document.hidden) later(ask, pause);
  };

  const stop = () => {
    turn += 1;
    clearTimeout(timer);
    source?.close();
    source = null;
  };

  // A page that nobody looks at holds no connection: browsers have only a few for each site.
  const begin = () => {
    stop();
    failures = 0;
    if (!document.hidden) openStream();
  };
  document.addEventListener("visibilitychange", begin);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && begin());
  addEventListener("online", begin);
  begin();
};
