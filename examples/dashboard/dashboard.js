// One page: totals, by town and by month, live; every figure opens into its rows; as of now or of an earlier day.
// A number that is not told is null and reads 未公布 or 不足5, never 0; what could not be read is 暂无数据, and asked for again.
const $ = (id) => document.getElementById(id);
const TILES = {
  gatherings: ["gatherings"], sheds: ["sheds", "sheds_area"], disputes: ["disputes_found", "disputes_settled", "disputes_open"],
  agreements: ["agreements_signed"], patients: ["patients_on_roster"], visits: ["visits", "visits_joint"],
};
const ADDS = { "gatherings.gatherings": "sessions", "sheds.sheds": "count", "sheds.sheds_area": "area_m2" }; // by a row; else 1
const DATES = ["decided_on", "demolished_on", "discovered_on", "signed_on", "visited_on", "in_care_since", "found_on"];
const ACTIONS = { created: "新增", changed: "变更", corrected: "更正", transferred: "移交", voided: "作废", erased: "依法删除" };
const OTHERS = { "alert.raised": "警示", "due.reminder": "到期提醒", "scope.left": "移出辖区" };
const WITHHELD = "未公布", MISSING = "暂无数据", LIVE = "实时";
const DAY = 86400e3, MINUTE = 60e3, BEIJING = 8 * 3600e3, SOON = 300, PATIENCE = 30e3, SILENCE = 45e3; // ms; the last, 3 heartbeats

let server, key, titles = {}, measures = {}, first, connected, denied, turn = 0, failures = 0, timer, running, opened;
let asked = { day: "", chosen: "gatherings.gatherings" }, shown, faults = []; // shown is what was asked and has come

const element = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

async function get(path, options = {}) {
  const headers = { Authorization: `Bearer ${key}`, "Accept-Language": "zh", ...options.headers };
  // no-cache: the browser keeps answers, and asks with If-None-Match whether they still hold.
  const usual = { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE) };
  const answer = await fetch(server + path, { ...usual, ...options, headers });
  if (answer.ok) return answer;
  const { detail } = await answer.json().catch(() => ({}));
  const later = answer.headers.get("Retry-After"), after = Number(later) * 1e3 || Date.parse(later) - Date.now() || 0;
  throw Object.assign(new Error(detail ?? `HTTP ${answer.status}`), { status: answer.status, after });
}

const json = async (path) => (await get(path)).json();
const tried = (path) => json(path).catch((fault) => ({ fault }));
// After so many failures: between 1 s and 2, 4 … 30 s, so that not all screens come back at once; or later, if so told.
const pause = (failed, after = 0) => Math.max(after, 1e3 + Math.random() * (Math.min(30e3, 2e3 * 2 ** failed) - 1e3));
const told = (value, unit, about = "") => (value === null ? WITHHELD : `${about}${value.toLocaleString("zh")} ${unit}`);
const nameOf = (id) => `${titles[id.split(".")[0]]}：${measures[id]?.title ?? ""}`;
const beijing = (time) => new Date(Date.parse(time) + BEIJING).toISOString().slice(0, 16).replace("T", " ");

// All that is shown at once, so that no number stands under the date or the title of another question.
async function load({ day, chosen }) {
  const at = day && `&as_of=${day}`;
  const ask = (register, names, group) => tried(`/v1/statistics/${register}?measures=${names}${group}${at}`);
  const [bulletin, towns, months, ...totals] = await Promise.all([
    tried(`/v1/bulletin?${at.slice(1)}`),
    ...["town", "month"].map((group) => ask(...chosen.split("."), `&group_by=${group}`)),
    ...Object.entries(TILES).map(([register, names]) => ask(register, names, "")),
  ]);
  return { day, chosen, bulletin, towns, months, totals };
}

const refresh = () => (running = renew(++turn));

async function renew(mine) {
  timer = clearTimeout(timer); // none
  const picture = await load(asked);
  if (mine !== turn) return; // a newer question was asked meanwhile
  const { bulletin, towns, months, totals } = picture;
  months.absent = months.fault?.status === 400; // the register has no months
  faults = [bulletin, towns, months, ...totals].filter(({ absent }) => !absent).flatMap(({ fault }) => fault ?? []);
  denied ||= faults.some(({ status }) => status === 401);
  draw((shown = picture));
  tell();
  failures = faults.length ? failures + 1 : 0;
  const after = Math.max(0, ...faults.map((fault) => fault.after ?? 0));
  if (failures && !denied) timer = setTimeout(refresh, pause(failures, after));
}

// Many changes are one refresh, and one ends before the next; where one failed, they wait for the next try.
function soon() {
  if (asked.day) tell(); // a past day does not change
  else timer ??= setTimeout(() => running.then(refresh), SOON);
}

function tell() {
  const states = { 密钥无效: denied, [MISSING]: faults.length, "连接中…": !connected, 往日: shown.day, [LIVE]: true };
  const text = Object.keys(states).find((state) => states[state]);
  Object.assign($("live"), { textContent: text, className: text === LIVE ? "on" : "" });
}

function draw({ day, chosen, bulletin, towns, months, totals }) {
  const note = ({ as_of_day }) => as_of_day?.replace(/^\d+-0?(\d+)-0?(\d+)$/, "截至$1月$2日") ?? ""; // of people: a month end
  const registers = Object.entries(TILES).map(([register, names], at) => [register, names, totals[at]]);
  for (const [name, , answer] of [...registers, [chosen.split(".")[0], [], towns]]) know(name, answer.measures ?? []);
  if (!day && bulletin.to) reach(bulletin.to);
  $("place").textContent = bulletin.division_name ?? "";
  $("paragraph").textContent = bulletin.paragraph ?? MISSING;
  $("as-of-text").textContent = day ? `${day} 24时` : "现在";
  $("totals").replaceChildren(...registers.flatMap(([register, names, answer]) => names.map((name) => {
    const id = `${register}.${name}`, small = element("small", {}, note(answer));
    return figure("tile", id, answer, answer.total, nameOf(id), small);
  })));
  $("chosen").replaceChildren(nameOf(chosen), " ", element("small", {}, note(towns)));
  $("by-month").hidden = months.absent;
  bars($("towns"), chosen, towns, "town");
  bars($("trend"), chosen, months, "month");
}

// A measure is known, and can be chosen, once an answer has named it.
function know(register, found) {
  const fresh = found.map((each) => [`${register}.${each.name}`, each]).filter(([id]) => !measures[id]);
  Object.assign(measures, Object.fromEntries(fresh));
  $("measure").append(...fresh.map(([id]) => new Option(nameOf(id), id, false, id === asked.chosen)));
}

// A number with its label; it opens into its rows.
function figure(kind, id, answer, cell, label, more) {
  const name = id.split(".")[1], value = cell?.measures[name] ?? null, link = cell?.measure_rows[name];
  const known = cell?.small?.[name] ? "不足5" : told(value, measures[id].unit, answer.rounded_to ? "约" : "");
  const text = answer.fault ? MISSING : known;
  const className = value === null ? `${kind} none` : kind;
  const onclick = () => openRows(`${label} ${text}`, link, id, value);
  const props = { type: "button", name: id, className, disabled: !link, onclick };
  return element("button", props, element("span", {}, label), element("b", {}, text), more);
}

function bars(place, id, answer, group) {
  const cells = [...(answer.cells ?? [])], valueOf = (cell) => cell.measures[id.split(".")[1]] ?? -1;
  if (group === "town") cells.sort((one, other) => valueOf(other) - valueOf(one));
  const most = Math.max(1, ...cells.map(valueOf));
  const length = (cell) => element("progress", { max: most, value: Math.max(0, valueOf(cell)) });
  place.replaceChildren(...cells.map((cell) => figure("bar", id, answer, cell, cell.labels[group], length(cell))));
  if (!cells.length) place.append(answer.fault ? MISSING : "无记录");
}

// The rows behind a figure: the link is pinned to the figure's own watermark.
function openRows(title, link, id, value) {
  opened = { link: `${link}&limit=200`, cursor: "", adds: ADDS[id], unit: measures[id].unit, value, sum: 0 };
  [$("rows-title").textContent, $("unit").textContent] = [title, opened.unit];
  $("rows-list").replaceChildren();
  $("rows").hidden = false;
  moreRows().then(() => $("rows").scrollIntoView({ block: "nearest" }));
}

async function moreRows() {
  const list = opened;
  $("more").hidden = true;
  const { items = [], next_cursor, fault } = await tried(list.link + list.cursor);
  if (list !== opened) return; // another figure was opened meanwhile
  for (const item of items) {
    const adds = list.adds ? Number(item[list.adds]) : 1, day = DATES.map((name) => item[name]).find(Boolean) ?? "";
    list.sum += Math.round(adds * 100);
    const said = [item.division_name ?? item.division, item.title ?? item.place ?? item.name ?? "", day, adds];
    $("rows-list").append(element("tr", {}, ...said.map((text) => element("td", {}, text.toLocaleString("zh")))));
  }
  if (!fault) list.cursor = `&cursor=${next_cursor}`;
  const part = told(list.sum / 100, list.unit), all = !fault && !next_cursor;
  $("sum").textContent = all ? `合计 ${part}` : `小计 ${part}，共 ${told(list.value, list.unit)}`;
  Object.assign($("more"), { hidden: all, textContent: fault ? `${MISSING}，再试` : "更多" });
}

const dayAt = (step) => new Date(first + step * DAY).toISOString().slice(0, 10);
const until = (day) => (Date.parse(day) - first < $("as-of").max * DAY ? day : ""); // the last day is not over: now

// The slider goes from the day before the first entry was recorded to now, a step a day; as days pass, it grows.
function reach(to) {
  const last = Math.max(1, (Date.parse(to) - first) / DAY);
  if (last === Number($("as-of").max)) return;
  $("as-of").max = last;
  Object.assign($("day"), { min: dayAt(0), max: dayAt(last) });
  point();
}

// Slider and date say the same.
function point() {
  $("day").value = asked.day || $("day").max;
  $("as-of").value = (Date.parse($("day").value) - first) / DAY;
}

const ask = (question) => { asked = { ...asked, ...question }; point(); refresh(); };

// The stream of changes, for ever: where it breaks off, it goes on after the last event that came.
async function follow(last) {
  for (let failed = 0; !denied; failed += 1) {
    const silence = new AbortController(), alarm = () => setTimeout(() => silence.abort(), SILENCE);
    let clock = alarm(), fault;
    try {
      const headers = last && { "Last-Event-ID": last }; // what is undefined spreads to nothing
      const answer = await get("/v1/changes/stream", { headers, signal: silence.signal });
      connected = true;
      refresh(); // also where nothing changed: what is shown may be of before the break
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", part; !(part = await reader.read()).done; ) {
        clearTimeout(clock);
        clock = alarm();
        const frames = (rest + part.value).split("\n\n");
        rest = frames.pop();
        for (const id of frames.map(takeFrame)) if (id) [last, failed] = [id, 0];
      }
    } catch (thrown) {
      fault = thrown;
    }
    clearTimeout(clock);
    connected = false;
    denied ||= fault?.status === 401;
    if ([400, 422].includes(fault?.status)) last = undefined; // the registry does not know this cursor: begin from now
    tell();
    await new Promise((done) => setTimeout(done, pause(failed, fault?.after)));
  }
}

// One frame of the stream. Returns its id: the cursor after it.
function takeFrame(frame) {
  const lines = frame.split("\n").filter((line) => !line.startsWith(":"));
  const fields = Object.fromEntries(lines.map((line) => line.match(/^(\w*):? ?([^]*)$/).slice(1)));
  if (fields.data) {
    const { id, type, time, data } = JSON.parse(fields.data), [register, action] = type.split(".");
    const what = OTHERS[type] ?? `${titles[register] ?? register} ${ACTIONS[action] ?? action}`;
    $("events").prepend(element("li", { title: id }, `${beijing(time)} ${data.division_name ?? ""} ${what}`));
    while ($("events").children.length > 50) $("events").lastChild.remove();
    soon();
  }
  return fields.id;
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  [server, key] = [$("server").value.replace(/\/$/, ""), $("key").value];
  try {
    titles = Object.fromEntries((await json("/v1/schemas")).items.map(({ register, title }) => [register, title]));
    const { to, watermark } = await json("/v1/bulletin");
    const { events } = await json(`/v1/changes?after=${watermark.replace(/\d+$/, 0)}&limit=1`);
    first = Date.parse(events[0] ? beijing(events[0].time).slice(0, 10) : to) - DAY;
    reach(to);
    [$("login").hidden, $("main").hidden] = [true, false];
    await refresh();
    follow(watermark);
    setInterval(() => failures || soon(), MINUTE); // people and visits are in no stream; what did not change is 304
  } catch (fault) {
    $("live").textContent = fault.message;
  }
});
$("measure").addEventListener("change", () => ask({ chosen: $("measure").value }));
$("as-of").addEventListener("input", () => { $("day").value = dayAt($("as-of").value); });
$("as-of").addEventListener("change", () => ask({ day: until(dayAt($("as-of").value)) }));
$("day").addEventListener("change", () => $("day").validity.valid && ask({ day: until($("day").value) }));
$("now").addEventListener("click", () => ask({ day: "" }));
$("more").addEventListener("click", moreRows);
