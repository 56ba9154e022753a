// An office's visit form: built from /v1/schemas/visits, keeps what was typed while offline, sends each entry exactly once.
import { build, showFaults } from "./widgets.js";

const $ = (id) => document.getElementById(id);
const DRAFT = "visit-draft", OUTBOX = "visit-outbox", SCHEMA = "visit-schema", PEOPLE = "visit-people";
const kept = (name, otherwise) => JSON.parse(localStorage.getItem(name)) ?? otherwise;
const keep = (name, value) => localStorage.setItem(name, JSON.stringify(value));

let server, key, read, sending = false;
const sent = []; // ids: shown, not kept

// UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setUint32(0, Math.floor(Date.now() / 65536));
  new DataView(bytes.buffer).setUint16(4, Date.now() % 65536);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const call = (path, options = {}) =>
  fetch(server + path, { ...options, headers: { Authorization: `Bearer ${key}`, "Accept-Language": "zh", "Purpose-Of-Use": "visit", ...options.headers } });

// The newest if the server answers, else what was read before.
async function load(path, name, pick = (body) => body) {
  try {
    const answer = await call(path);
    if (answer.ok) keep(name, pick(await answer.json()));
    else if (answer.status === 401) throw new Error("密钥无效");
  } catch (fault) {
    if (!(fault instanceof TypeError)) throw fault; // TypeError is fetch's "no network"
  }
  return kept(name);
}

const line = (...parts) => {
  const node = document.createElement("li");
  node.append(...parts);
  return node;
};

function show() {
  const waiting = kept(OUTBOX, []);
  $("state").textContent = (navigator.onLine ? "在线" : "离线:填写的内容已保存在本机") + (waiting.length ? `,待发送 ${waiting.length} 条` : "");
  const told = waiting.map((item) => (item.problem ? line(`${item.id} 被退回 `, button("修改", () => edit(item))) : line(`${item.id} 待发送`)));
  $("outbox").replaceChildren(...told, ...sent.map((id) => line(`${id} 已发送`)));
}

const button = (text, onclick) => Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: text, onclick });

function draw(value) {
  read = build($("entry"), kept(SCHEMA), value, kept(PEOPLE, []));
}

// Sends what waits, oldest first. The id was chosen when the clerk saved: the same PUT again, after a lost answer, finds the entry
// there and makes no second one. What the server refuses stays, until the clerk has mended it.
async function flush() {
  if (sending) return;
  sending = true;
  try {
    for (let item; (item = kept(OUTBOX, []).find(({ problem }) => !problem)); show()) {
      const { id, body } = item;
      const answer = await call(`/v1/visits/${id}`, { method: "PUT", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "If-None-Match": "*" } });
      const others = kept(OUTBOX, []).filter((each) => each.id !== id);
      if (answer.ok || answer.status === 412) { // 412: it is there already
        keep(OUTBOX, others); // out of this browser as soon as the server has it
        sent.push(id);
      } else if ([400, 409, 413, 422].includes(answer.status)) {
        const refused = { ...item, problem: await answer.json() };
        keep(OUTBOX, [...others, refused]);
        if (!kept(DRAFT)) edit(refused);
      } else { // the key, or the server: kept, and tried again
        showFaults($("entry"), $("summary"), await answer.json());
        break;
      }
    }
  } catch (fault) {
    if (!(fault instanceof TypeError)) throw fault;
  } finally {
    sending = false;
    show();
  }
}

// What was refused, back in the form, with every fault.
function edit({ id, body, problem }) {
  if (kept(DRAFT) && !confirm("表内尚未发送的内容将被替换")) return;
  keep(OUTBOX, kept(OUTBOX, []).filter((each) => each.id !== id));
  keep(DRAFT, body);
  draw(body);
  showFaults($("entry"), $("summary"), problem);
  show();
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  [server, key] = [$("server").value.replace(/\/$/, ""), $("key").value];
  try {
    const schema = await load("/v1/schemas/visits", SCHEMA);
    await load("/v1/patients?limit=200", PEOPLE, ({ items }) => items.map(({ id, name, division_name }) => ({ id, name, division_name })));
    if (!schema) throw new Error("第一次使用须联网");
    $("title").textContent = schema.title;
  } catch (fault) {
    $("state").textContent = fault.message;
    return;
  }
  draw(kept(DRAFT, {}));
  $("login").hidden = true;
  document.querySelector("main").hidden = false;
  show();
  flush();
});

$("entry").addEventListener("input", () => keep(DRAFT, read()));
$("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  keep(OUTBOX, [...kept(OUTBOX, []), { id: newId(), body: read() }]);
  localStorage.removeItem(DRAFT);
  showFaults($("entry"), $("summary"), null);
  draw({});
  flush();
});
addEventListener("online", () => { show(); flush(); });
addEventListener("offline", show);
$("leave").addEventListener("click", () => {
  if (!kept(OUTBOX, []).length || confirm("待发送的内容将一并清除")) { localStorage.clear(); location.reload(); }
});
