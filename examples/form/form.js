// An office's visit form: built from /v1/schemas/visits, keeps what was typed offline, sends each visit exactly once.
import { $, build, button, read, showFaults } from "./widgets.js";

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((node) => [node.id, node]));
const FILTERS = { patients: "&status=in_care&fields=name,division_name,birth_date" }; // of the lists to choose from
let server, key, owner, schema, session, missing, timer, tries, trouble, said, sent;

// A row is a visit that the server does not have yet: a draft, one that waits, one that was refused. Each is an item of
// its own in localStorage, so that no tab overwrites another's, under a digest of the key, so that the next person does
// not see or send it. It has the visit's id: sent twice, it is one visit. Patients' names are in sessionStorage only.
const mine = (name) => `visits/${owner}/${name}`;
const kept = (name) => JSON.parse(localStorage.getItem(mine(name)));
const keep = (name, value) => localStorage.setItem(mine(name), JSON.stringify(value));
const names = (start) => Object.keys(localStorage).filter((name) => name.startsWith(start)).sort();
const drop = (start) => names(start).forEach((name) => localStorage.removeItem(name));
const rows = () => names(mine("row/")).map((name) => JSON.parse(localStorage.getItem(name)));
const remember = (more) => { sessionStorage.visits = JSON.stringify(Object.assign(session, more)); };
const digest = async (...texts) => btoa(String.fromCharCode(...new Uint8Array(
  await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join(" "))))));
const newId = (time = Date.now().toString(16).padStart(12, "0")) => // UUIDv7: milliseconds, then random bits
  `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;

// The registry's answer. Throws {status, after} where there is none: no network, no time, HTML of something in between.
async function call(path, options, more) {
  const headers = { Authorization: `Bearer ${key}`, "Accept-Language": "zh", "Purpose-Of-Use": "visit", ...more };
  const answer = await fetch(server + path, { ...options, headers, signal: AbortSignal.timeout(15e3) }).catch(() => {});
  const body = await answer?.json().catch(() => {}), { status = 0 } = answer ?? {};
  if (body && status < 500 && ![401, 408, 429].includes(status)) return body;
  throw { status, after: answer?.headers.get("Retry-After") };
}

async function listed(register, found = [], next = "") {
  const { items = [], next_cursor } = await call(`/v1/${register}?limit=200${FILTERS[register] ?? ""}${next}`);
  found.push(...items.map(({ id, code, name, title, division_name, birth_date }) => ({ id, code, title:
    [name ?? title, division_name, birth_date && `${birth_date.slice(0, 4)}年生`].filter(Boolean).join(" ") })));
  return next_cursor ? listed(register, found, `&cursor=${next_cursor}`) : found;
}

const nameOf = (patient) => session.lists.patients?.find(({ id }) => id === patient)?.title ?? "(无姓名)";
const titleOf = ({ patient_id, visited_on }) => `${nameOf(patient_id)} ${visited_on ?? "未填日期"}`;

function show() {
  const all = rows(), others = all.filter(({ id }) => id !== session.current);
  const count = (title, { length }) => (length ? `,${title} ${length} 条` : "");
  page.state.textContent = (navigator.onLine ? trouble || "在线" : "离线:填写的内容保存在本机") +
    count("待发送", all.filter((row) => row.waiting)) + count("被退回", all.filter((row) => row.problem));
  page.said.textContent = said && `${said[0]}:${titleOf(said[1])}`;
  page.outbox.replaceChildren(...others.map(line), ...sent.map((body) => $("li", {}, `${titleOf(body)} 已发送`)));
  page.save.disabled = !kept(`row/${session.current}`);
}

function line({ id, body, waiting, problem }) {
  if (waiting) return $("li", {}, `${titleOf(body)} 待发送`);
  const why = ({ pointer, message }) => `${schema.properties[pointer.split("/")[1]]?.title ?? "全表"}:${message}`;
  const told = problem ? `被退回 ${problem.errors?.map(why).join("") || problem.detail}` : "草稿";
  const remove = () => { if (confirm(`删除 ${titleOf(body)}?`)) { drop(mine(`row/${id}`)); show(); } };
  return $("li", {}, `${titleOf(body)} ${told} `, button(problem ? "修改" : "填写", () => open(id)), button("删除", remove));
}

// Puts a row, or a new one, into the form. What was there stays as a row; another tab that has it lets go of it.
function open(id = newId()) {
  const row = kept(`row/${id}`);
  if (row?.waiting) return open();
  if (row) keep(`row/${id}`, { ...row, opened: Date.now() });
  remember({ current: id });
  build(page.entry, schema, row?.body ?? {}, session.lists);
  showFaults(page.summary, row?.problem);
  show();
}

// Sends what waits, oldest first, and reads what is missing to choose from; one tab after the other.
const sync = () => navigator.locks.request(mine("sync"), async () => {
  clearTimeout(timer);
  try {
    for (let row; key && (row = rows().find(({ waiting }) => waiting)); show()) await send(row);
    for (const register of key ? missing : []) {
      remember({ lists: Object.assign(session.lists, { [register]: await listed(register) }) });
      missing.delete(register);
      document.querySelectorAll(".picker").forEach((node) => node.fill());
    }
    [tries, trouble] = [0, ""];
  } catch (fault) {
    if (fault instanceof Error) throw fault;
    if (fault.status === 401) return lock("密钥已失效,请重新输入;填写的内容保存在本机");
    trouble = "服务器暂不可用,将自动重试";
    const asked = Number(fault.after) || (Date.parse(fault.after) - Date.now()) / 1000;
    const wait = asked || Math.min(2 ** tries++, 60) * (0.5 + Math.random());
    timer = setTimeout(sync, Math.min(Math.max(wait, 1), 3600) * 1000);
  }
  if (key) show();
});

async function send({ id, body }) {
  const headers = { "Content-Type": "application/json", "If-None-Match": "*" };
  const answer = await call(`/v1/visits/${id}`, { method: "PUT", body: JSON.stringify(body) }, headers);
  const there = answer.id === id || answer.code === "precondition_failed"; // it was, if an answer got lost
  if (!there && !answer.code) throw { status: 0 };
  said = [there ? "已发送" : "被退回", body];
  if (there) sent.push(body);
  if (there) return drop(mine(`row/${id}`)); // out of this browser as soon as the server has it
  keep(`row/${id}`, { id, body, problem: answer });
  if (page.save.disabled) open(id); // nothing is being typed
}

function lock(reason) {
  [key, page.key.value, page.old.value, page.said.textContent, page.state.textContent] = [null, "", "", "", reason];
  [page.entry, page.outbox, page.summary].forEach((node) => node.replaceChildren());
  [page.login.hidden, page.login.inert, page.main.hidden] = [false, false, true];
}

page.login.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!crypto.subtle) return lock("请以 https 或本机地址 127.0.0.1 打开本页");
  [page.login.inert, page.state.textContent] = [true, "正在连接……"];
  server = page.server.value.replace(/\/$/, "");
  const typed = page.key.value, former = await digest(server, page.old.value);
  owner = await digest(server, typed);
  const answer = await call("/v1/schemas/visits", {}, { Authorization: `Bearer ${typed}` }).catch((fault) => fault);
  if (answer.status === 401) return lock("密钥无效,请核对后重新输入");
  if (answer.properties) keep("schema", answer);
  if (!(schema = kept("schema"))) return lock("服务器暂不可用;在本机首次使用须联网");
  for (const name of former === owner ? [] : names(`visits/${former}/row/`)) { // who knows the old key has what it left
    keep(`row/${name.split("/").pop()}`, JSON.parse(localStorage.getItem(name)));
    drop(name);
  }
  const last = JSON.parse(sessionStorage.visits ?? "{}");
  [session, tries, trouble, said, sent] = [last.owner === owner ? last : { owner, lists: {} }, 0, "", "", []];
  missing = new Set(JSON.stringify(schema).match(/(?<="x-register":")[^"]+/g));
  [key, page.title.textContent, page.login.hidden, page.main.hidden] = [typed, schema.title, true, false];
  open(session.current);
  sync();
});

page.entry.addEventListener("input", () => {
  const id = session.current, body = read(page.entry), problem = kept(`row/${id}`)?.problem;
  if (Object.keys(body).length) keep(`row/${id}`, { id, body, problem }); else drop(mine(`row/${id}`));
  page.save.disabled = !kept(`row/${id}`);
});
page.save.addEventListener("click", () => {
  const id = session.current, body = read(page.entry);
  const half = [...page.entry.elements].filter(({ validity }) => validity.badInput);
  const errors = half.map((control) => ({ pointer: control.id, message: "没有填完整。" }));
  if (errors.length) return showFaults(page.summary, { errors });
  keep(`row/${id}`, { id, body, waiting: true });
  said = ["已保存", body];
  open();
  sync();
});
page.leave.addEventListener("click", () => {
  if (rows().length && !confirm(`本机有 ${rows().length} 条尚未发送(含草稿),退出将一并删除。仍要退出?`)) return;
  drop(mine(""));
  delete sessionStorage.visits;
  location.reload();
});
addEventListener("storage", (event) => { if (key) (event.key === mine(`row/${session.current}`) ? open() : show()); });
["online", "offline"].forEach((change) => addEventListener(change, () => { if (key) show(); sync(); }));

navigator.serviceWorker?.register("sw.js"); // the page itself opens without a network too
self.caches?.open("form").then((cache) => cache.addAll([location.pathname, "form.css", "form.js", "widgets.js"]))
  .catch(() => {});
