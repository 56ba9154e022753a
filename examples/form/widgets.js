// Fields from a JSON Schema. A widget is {node, get}: an element and a function that reads its value; undefined is "left out".
const $ = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

// What a schema says once its $ref is followed and the branch for null is left aside.
export function plain(schema, root) {
  const { $ref, anyOf, ...rest } = schema;
  if ($ref) return { ...plain(root.$defs[$ref.split("/").pop()], root), ...rest };
  const branches = (anyOf ?? []).filter((branch) => branch.type !== "null");
  return branches.length === 1 ? { ...plain(branches[0], root), ...rest } : schema;
}

const filled = (value) => (value === "" ? undefined : value);

// One widget for a schema; `people` are the patients that the clerk may pick.
function widget(name, schema, root, value, pointer, people) {
  if (name === "patient_id") return picker(value, people);
  if (schema.oneOf) return select(schema.oneOf.map(({ const: code, title }) => [code, title]), value);
  switch (schema.type) {
    case "boolean": return yesNo(value);
    case "integer": case "number": return input("number", value, { min: schema.minimum ?? "", max: schema.maximum ?? "" }, Number);
    case "array": return array(schema, root, value, pointer, people);
    case "object": return object(schema, root, value, pointer, people);
    default: return schema.maxLength > 200 ? text(value) : input(schema.format === "date" ? "date" : "text", value);
  }
}

function input(type, value, props = {}, read = (typed) => typed) {
  const node = $("input", { type, value: value ?? "", ...props });
  return { node, get: () => (filled(node.value) === undefined ? undefined : read(node.value)) };
}

function text(value) {
  const node = $("textarea", { rows: 3, value: value ?? "" });
  return { node, wide: true, get: () => filled(node.value) };
}

function select(options, value) {
  const node = $("select", {}, $("option", { value: "" }, "请选择"), ...options.map(([code, title]) => $("option", { value: code }, title)));
  node.value = value ?? "";
  return { node, get: () => filled(node.value) };
}

function yesNo(value) {
  const chosen = select([["true", "是"], ["false", "否"]], value === undefined ? "" : String(value));
  return { node: chosen.node, get: () => (chosen.get() === undefined ? undefined : chosen.get() === "true") };
}

// By entry id, or from the clerk's own list.
function picker(value, people) {
  const names = $("datalist", { id: "people" }, ...people.map(({ id, name, division_name }) => $("option", { value: id }, `${name} ${division_name}`)));
  const field = input("text", value, { placeholder: "记录号,或从名单选择" });
  field.node.setAttribute("list", "people");
  const said = $("p", { className: "hint" });
  const tell = () => { said.textContent = people.find(({ id }) => id === field.node.value)?.name ?? ""; };
  field.node.addEventListener("input", tell);
  tell();
  return { node: $("div", {}, field.node, names, said), get: field.get };
}

function array(schema, root, value, pointer, people) {
  const item = plain(schema.items, root);
  return item.oneOf ? choices(item.oneOf, value) : list(item, root, value, pointer, people);
}

function choices(options, value = []) {
  const boxes = options.map(({ const: code, title }) => [$("input", { type: "checkbox", value: code, checked: value.includes(code) }), title]);
  const node = $("div", { className: "choices" }, ...boxes.map(([box, title]) => $("label", {}, box, title)));
  const get = () => boxes.filter(([box]) => box.checked).map(([box]) => box.value);
  return { node, wide: true, get: () => (get().length ? get() : undefined) };
}

function list(item, root, value = [], pointer, people) {
  const rows = [];
  const node = $("div", { className: "list" });
  const add = (each) => {
    const row = widget("", item, root, each, `${pointer}/${rows.length}`, people);
    rows.push(row);
    node.insertBefore(row.node, button);
  };
  const button = $("button", { type: "button", className: "small", onclick: () => add() }, "添加一项");
  node.append(button);
  value.forEach(add);
  const get = () => { // rows left empty at the end are none; one in the middle keeps its place, and the server tells what it lacks
    const got = rows.map((row) => row.get());
    while (got.length && got.at(-1) === undefined) got.pop();
    return got.length ? got.map((each) => each ?? {}) : undefined;
  };
  return { node, wide: true, get };
}

function object(schema, root, value = {}, pointer, people) {
  const { nodes, get } = fields(schema, root, value, pointer, people);
  return { node: $("fieldset", {}, ...nodes), wide: true, get: () => { const got = get(); return Object.keys(got).length ? got : undefined; } };
}

// The fields of an object in their order; each can be found by its JSON Pointer, where a fault is shown.
function fields(schema, root, value, pointer, people, only = () => true) {
  const parts = Object.entries(schema.properties).filter(([, field]) => only(field)).sort(([, a], [, b]) => a["x-order"] - b["x-order"]);
  const made = parts.map(([name, field]) => {
    const rule = plain(field, root);
    const one = widget(name, rule, root, value[name], `${pointer}/${name}`, people);
    const node = $("div", { className: one.wide ? "field wide" : "field" }, $("label", {}, field.title), one.node);
    node.dataset.pointer = `${pointer}/${name}`;
    node.classList.toggle("required", (schema.required ?? []).includes(name));
    return { name, node, get: one.get };
  });
  const get = () => Object.fromEntries(made.map((each) => [each.name, each.get()]).filter(([, got]) => got !== undefined));
  return { nodes: made.map((each) => each.node), get };
}

// The whole form: one fieldset for each group of the schema. Returns a function that reads what was typed.
export function build(form, schema, value, people) {
  const groups = schema["x-groups"].map((group) => {
    const { nodes, get } = fields(schema, schema, value, "", people, (field) => field["x-group"] === group.title);
    return { get, node: $("fieldset", {}, $("legend", {}, group.title), ...nodes) };
  });
  form.replaceChildren(...groups.map((group) => group.node), $("button", {}, "保存并发送"));
  return () => Object.assign({}, ...groups.map((group) => group.get()));
}

// Every fault beside its field; a fault of no field that is shown stands in the summary only.
export function showFaults(form, summary, problem) {
  form.querySelectorAll(".fault").forEach((node) => node.remove());
  form.querySelectorAll(".wrong").forEach((node) => node.classList.remove("wrong"));
  summary.hidden = !problem;
  if (!problem) return;
  const lines = (problem.errors ?? []).map((fault) => {
    const at = [...form.querySelectorAll("[data-pointer]")].filter(({ dataset }) => fault.pointer === dataset.pointer || fault.pointer.startsWith(dataset.pointer + "/")).pop();
    at?.classList.add("wrong");
    at?.append($("p", { className: "fault" }, fault.message));
    return $("li", {}, `${at?.querySelector("label").textContent ?? fault.pointer}:${fault.message}`);
  });
  summary.replaceChildren($("strong", {}, `${problem.detail}(${lines.length} 处)`), $("ul", {}, ...lines));
  summary.scrollIntoView();
}
