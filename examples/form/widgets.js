// Fields from a JSON Schema. The JSON Pointer of each is its id, and the name of its control.
let root, lists; // the schema; what can be chosen, by register

export const $ = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
export const button = (text, onclick) => $("button", { type: "button", className: "small", onclick }, text);

// What a schema says once its $ref is followed and the branch for null is left aside.
function plain({ $ref, anyOf = [], ...rest }) {
  const branch = $ref ? root.$defs[$ref.split("/").pop()] : anyOf.find(({ type }) => type !== "null");
  return branch ? { ...plain(branch), ...rest } : rest;
}

function widget(rule, value = "", id) {
  const named = { id, name: id };
  if (rule["x-register"]) return picker(rule, value, named);
  if (rule.oneOf) return [select(named, rule.oneOf, value)];
  switch (rule.type) {
    case "boolean": return [select({ ...named, read: JSON.parse }, YES_NO, value)];
    case "integer": case "number": return [$("input", { ...named, type: "number", value, read: Number })];
    case "array": return (plain(rule.items).oneOf ? choices : list)(rule, value || [], id);
    case "object": return fields(rule, value || {}, id);
  }
  if (rule.maxLength > 200) return [$("textarea", { ...named, value, rows: 3 })];
  return [$("input", { ...named, type: rule.format === "date" ? "date" : "text", value })];
}

const YES_NO = [{ const: "true", title: "是" }, { const: "false", title: "否" }];

function select(props, codes, value) {
  const options = [{ const: "", title: "请选择" }, ...codes].map((one) => $("option", { value: one.const }, one.title));
  return Object.assign($("select", props, ...options), { value });
}

// An entry of another register. What was chosen stays chosen where the list does not have it, or is not there yet.
function picker({ title, "x-register": register, "x-register-key": key }, chosen, named) {
  const sought = $("input", { type: "search", placeholder: "查找", ariaLabel: `查找${title}` });
  const node = select({ ...named, className: "picker", onchange: () => { chosen = node.value; } }, []);
  node.fill = sought.oninput = () => {
    const all = (lists[register] ?? []).map((item) => ({ const: item[key], title: item.title }));
    const found = all.filter((item) => item.const === chosen || item.title.includes(sought.value.trim()));
    if (chosen && !found.some((item) => item.const === chosen)) found.push({ const: chosen, title: "已选定(不在名单内)" });
    node.replaceChildren(...select({}, found).children);
    node.value = chosen;
    sought.hidden = all.length < 10;
  };
  node.fill();
  return [sought, node];
}

const choices = (rule, value, id) => plain(rule.items).oneOf.map(({ const: code, title }) =>
  $("label", {}, $("input", { type: "checkbox", name: `${id}/-`, value: code, checked: value.includes(code) }), title));

function list(rule, value, id) {
  const box = $("div");
  const draw = (rows) => box.replaceChildren(...rows.map((row, place) => {
    const without = button("删除本项", () => change((now) => now.toSpliced(place, 1)));
    return field({ ...plain(rule.items), title: `${rule.title} ${place + 1}` }, row, `${id}/${place}`, true, without);
  }));
  const change = (how) => {
    draw(how(id.split("/").slice(1).reduce((at, step) => at?.[step], read(box)) ?? []));
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  draw(value);
  return [box, button("添加一项", () => change((now) => [...now, {}]))];
}

// A group that may be left out asks for none of its fields until one of them is filled in.
function field(rule, value, id, required, ...more) {
  const group = ["array", "object"].includes(rule.type);
  const title = group ? $("legend", {}, rule.title) : $("label", { htmlFor: id }, rule.title);
  const node = $(group ? "fieldset" : "div", {}, title, ...widget(rule, value, id), ...more);
  if (group) Object.assign(node, { id, name: /\d$/.test(id) ? id : "" }); // an item is there, be it empty
  node.className = `field ${required ? "required" : ""}`;
  node.oninput = () => node.classList.toggle("unused", !required && !filled(node).length);
  node.oninput();
  return node;
}

const fields = ({ properties, required = [] }, value, id, group) => Object.entries(properties)
  .filter(([, rule]) => rule["x-group"] === group).sort(([, a], [, b]) => a["x-order"] - b["x-order"])
  .map(([name, rule]) => field(plain(rule), value[name], `${id}/${name}`, required.includes(name)));

export function build(form, schema, value, offered) {
  [root, lists] = [schema, offered];
  form.replaceChildren(...schema["x-groups"].map(({ title }) =>
    $("fieldset", {}, $("legend", {}, title), ...fields(schema, value, "", title))));
}

const filled = (node) => [...node.querySelectorAll("[name]:not([name=''])")].filter((each) =>
  each.type === "checkbox" ? each.checked : each.value !== "");

// What was typed; what was not is left out.
export function read(form) {
  const body = {};
  for (const node of filled(form)) {
    const steps = node.name.split("/").slice(1), last = steps.pop();
    const at = steps.reduce((at, step, place) => at[step] ??= /^[\d-]/.test(steps[place + 1] ?? last) ? [] : {}, body);
    at[last === "-" ? at.length : last] = node.tagName === "FIELDSET" ? {} : node.read?.(node.value) ?? node.value;
  }
  return body;
}

// Every fault beside its field, and in the summary with a link to it.
export function showFaults(summary, problem) {
  document.querySelectorAll(".fault").forEach((node) => node.remove());
  document.querySelectorAll("[aria-invalid]").forEach((node) => { node.ariaInvalid = null; });
  const lines = (problem?.errors ?? []).map(({ pointer: id, message }) => {
    while (id && !document.getElementById(id)) id = id.slice(0, id.lastIndexOf("/")); // the nearest that is shown
    const control = document.getElementById(id), field = control?.closest(".field");
    if (control) Object.assign(control, { ariaInvalid: "true" }).setAttribute("aria-describedby", `${id}!`);
    field?.append(document.getElementById(`${id}!`) ?? $("p", { id: `${id}!`, className: "fault" }));
    field?.lastChild.append(message);
    const titles = [field?.parentElement.closest(".field"), field].map((node) => node?.firstChild.textContent ?? "");
    return $("li", {}, $("a", { href: `#${id}` }, titles.join(" ").trim()), `:${message}`);
  });
  summary.hidden = !problem;
  summary.replaceChildren(lines.length ? `有 ${lines.length} 处须改正:` : problem?.detail ?? "", $("ul", {}, ...lines));
  if (problem) summary.scrollIntoView();
}
