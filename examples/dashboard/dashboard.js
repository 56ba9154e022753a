// One page: totals, by town and by month, live by server-sent events; every figure opens into its rows; a slider shows what was
// known on an earlier day. A number that is withheld comes as null and reads 未公布, never 0.
const $ = (id) => document.getElementById(id);
const TILES = { gatherings: ["sessions"], sheds: ["sheds"], disputes: ["found", "settled", "open"], agreements: ["signed"], patients: ["on_roster"], visits: ["made", "joint"] };
const ACTIONS = { created: "新增", changed: "变更", corrected: "更正", transferred: "移交", voided: "作废", erased: "依法删除" };
const WITHHELD = "未公布", DAY = 86400e3, NOW = "现在";
const SILENCE = 45e3; // milliseconds: three heartbeats; a connection so long silent is dead
const CHINESE = /[\u4e00-\u9fff]/;

let server, key, titles = {}, days = [], chosen, turn = 0;

const element = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

async function get(path, options = {}) {
  const answer = await fetch(server + path, { ...options, headers: { Authorization: `Bearer ${key}`, "Accept-Language": "zh", ...options.headers } });
  if (!answer.ok) throw Object.assign(new Error((await answer.json()).detail), { status: answer.status });
  return answer;
}

const json = async (path) => (await get(path)).json();
const withTime = () => { const day = days[$("as-of").value]; return day ? `&as_of=${day}` : ""; };

// The statistics of a register; null where none are told to this key at this moment.
async function statistics(register, measures, group = "") {
  try {
    return await json(`/v1/statistics/${register}?measures=${measures}${group && `&group_by=${group}`}${withTime()}`);
  } catch (fault) {
    if (fault.status === 401 || !fault.status) throw fault;
    return null;
  }
}

const told = (value, unit) => (value === null || value === undefined ? WITHHELD : `${value.toLocaleString("zh")} ${unit}`);
const opens = (node, title, link) => Object.assign(node, { disabled: !link, onclick: () => openRows(title, link) });

async function showTotals(mine) {
  const tiles = [];
  for (const [register, names] of Object.entries(TILES)) {
    const answer = await statistics(register, names);
    for (const name of names) {
      const { title, unit } = answer?.measures.find((each) => each.name === name) ?? { title: name, unit: "" };
      const value = answer?.total.measures[name] ?? null;
      const label = `${titles[register]}:${CHINESE.test(title) ? title : ""}`;
      const tile = element("button", { type: "button", className: value === null ? "tile withheld" : "tile" }, label, element("b", {}, told(value, unit)));
      tile.dataset.measure = `${register}.${name}`;
      tiles.push(opens(tile, `${label} ${told(value, unit)}`, answer?.total.measure_rows[name]));
    }
  }
  if (mine === turn) $("totals").replaceChildren(...tiles);
}

async function showGroups(mine) {
  const [register, name] = chosen.split(".");
  for (const [group, place] of [["town", "towns"], ["month", "trend"]]) {
    const answer = await statistics(register, name, group);
    if (mine !== turn) return;
    if (!answer) { $(place).replaceChildren(WITHHELD); continue; }
    const [{ unit }] = answer.measures;
    const cells = answer.cells.map((cell) => ({ label: cell.labels[group], value: cell.measures[name], link: cell.measure_rows[name] }));
    if (group === "town") cells.sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
    const most = Math.max(1, ...cells.map(({ value }) => value ?? 0));
    $(place).replaceChildren(...cells.map(({ label, value, link }) => {
      const length = element("i");
      length.style.width = `${(100 * (value ?? 0)) / most}%`;
      const bar = element("button", { type: "button", className: value === null ? "bar withheld" : "bar" }, element("span", {}, label), length, element("b", {}, told(value, unit)));
      return opens(bar, `${label} ${told(value, unit)}`, link);
    }));
  }
}

// The rows behind a figure: the link is pinned to the figure's own watermark.
async function openRows(title, link) {
  $("rows-title").textContent = title;
  $("rows-list").replaceChildren();
  $("rows").hidden = false;
  await moreRows(link, link);
  $("rows").scrollIntoView({ block: "nearest" });
}

async function moreRows(link, first) {
  const { items, next_cursor } = await json(link);
  for (const item of items) {
    const said = [item.division_name, item.title ?? item.place ?? item.name, item.visited_on ?? item.decided_on ?? item.discovered_on].filter(Boolean);
    $("rows-list").append(element("li", {}, said.join(" ") || item.id));
  }
  $("more").hidden = !next_cursor;
  $("more").onclick = () => moreRows(`${first}&cursor=${next_cursor}`, first);
}

async function refresh() {
  const mine = ++turn; // an answer that comes after a newer question is not shown
  const bulletin = await json(`/v1/bulletin?${withTime().slice(1)}`);
  if (mine !== turn) return bulletin;
  $("place").textContent = bulletin.division_name;
  $("paragraph").textContent = bulletin.paragraph;
  $("as-of-text").textContent = days[$("as-of").value] ?? NOW;
  await Promise.all([showTotals(mine), showGroups(mine)]);
  return bulletin;
}

// Days from the first month with entries to the last day that the registry knows of; the last stop is now.
async function setDays(last) {
  const { cells } = await json("/v1/statistics/gatherings?measures=records&group_by=month");
  const first = `${cells.find(({ month }) => month)?.month ?? last.slice(0, 7)}-01`;
  const count = Math.max(1, Math.min(3660, Math.round((Date.parse(last) - Date.parse(first)) / DAY) + 1));
  const start = Date.parse(last) - (count - 1) * DAY;
  days = Array.from({ length: count - 1 }, (_, place) => new Date(start + place * DAY).toISOString().slice(0, 10));
  Object.assign($("as-of"), { max: days.length, value: days.length });
}

// The stream of changes, for ever: where it breaks off, it goes on after the last event that came.
async function follow(last) {
  for (;;) {
    const silence = new AbortController();
    const alarm = () => setTimeout(() => silence.abort(), SILENCE);
    let clock = alarm();
    try {
      const answer = await get("/v1/changes/stream", { headers: { "Last-Event-ID": last }, signal: silence.signal });
      $("live").textContent = "实时";
      $("live").className = "on";
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", part; !(part = await reader.read()).done; ) {
        clearTimeout(clock);
        clock = alarm();
        const frames = (rest + part.value).split("\n\n");
        rest = frames.pop();
        for (const frame of frames) last = takeFrame(frame) ?? last;
      }
    } catch (fault) {
      if (fault.status === 401) { $("live").textContent = "密钥无效"; $("live").className = ""; return; }
    }
    clearTimeout(clock);
    $("live").textContent = "重新连接…";
    $("live").className = "";
    await new Promise((done) => setTimeout(done, 1000));
  }
}

// One frame of the stream. Returns its id: the cursor after it.
function takeFrame(frame) {
  const fields = Object.fromEntries(frame.split("\n").filter((line) => line && !line.startsWith(":")).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
  if (fields.data) {
    const event = JSON.parse(fields.data);
    const [register, action] = event.type.split(".");
    const said = `${event.time.slice(0, 16).replace("T", " ")} ${titles[register] ?? register} ${ACTIONS[action] ?? event.type}`;
    $("events").prepend(element("li", { title: event.id }, said));
    while ($("events").children.length > 50) $("events").lastChild.remove();
    soon();
  }
  return fields.id;
}

// Many changes at once are one refresh; a past day does not change.
let waiting;
function soon() {
  if (days[$("as-of").value]) return;
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 300);
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  [server, key] = [$("server").value.replace(/\/$/, ""), $("key").value];
  try {
    titles = Object.fromEntries((await json("/v1/schemas")).items.map(({ register, title }) => [register, title]));
    const { to, watermark } = await json("/v1/bulletin");
    await setDays(to);
    for (const register of Object.keys(TILES)) {
      const known = (await statistics(register, TILES[register]))?.measures ?? [];
      $("measure").append(...known.map(({ name, title }) => element("option", { value: `${register}.${name}` }, `${titles[register]}:${title}`)));
    }
    chosen = $("measure").value;
    $("login").hidden = true;
    document.querySelector("main").hidden = false;
    await refresh();
    follow(watermark);
  } catch (fault) {
    $("live").textContent = fault.message;
  }
});
$("measure").addEventListener("change", () => { chosen = $("measure").value; refresh(); });
$("as-of").addEventListener("input", () => { $("as-of-text").textContent = days[$("as-of").value] ?? NOW; });
$("as-of").addEventListener("change", refresh);
