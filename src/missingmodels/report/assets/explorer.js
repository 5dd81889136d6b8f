"use strict";
// The formulas of studies/explorer/surrogate.py, evaluated where the sliders stand.
const D = typeof document === "undefined" ? null : JSON.parse(document.getElementById("data").textContent);

function erfc(x) { // within 1.2e-7 everywhere (Numerical Recipes, rational Chebyshev)
  const z = Math.abs(x), t = 1 / (1 + 0.5 * z);
  const c = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277];
  const r = t * Math.exp(-z * z + c.reduceRight((sum, one) => one + t * sum, 0));
  return x >= 0 ? r : 2 - r;
}
const ndtr = (x) => 0.5 * erfc(-x / Math.SQRT2);
const dot = (a, b) => a.reduce((sum, v, k) => sum + v * b[k], 0);

function logWidth(d, x, beta) {
  return dot([1, Math.log(x.homes) - d.centre.homes, Math.log(x.days - d.burn_in) - d.centre.days,
    Math.log(x.rate) - d.centre.rate, Math.log(x.frailty) - d.centre.frailty, x.effect, x.unseen, x.shock * x.shock],
  beta);
}
function power(d, x, width, beta) {
  const u = x.effect / Math.exp(logWidth(d, x, width));
  return ndtr(dot([1, u, x.unseen * u, x.shock * x.shock], beta));
}
function outside(d, x) { // names of what is out of range, or the whole point where it lies too far out
  const beyond = d.factors.filter((f) => x[f.name] < f.low - 1e-9 || x[f.name] > f.high + 1e-9).map((f) => f.label);
  if (beyond.length) return beyond;
  const terms = [1, ...d.factors.map((f) => f.scale === "log"
    ? Math.log(x[f.name] / f.planned[0]) / Math.log(f.planned[1] / f.planned[0])
    : (x[f.name] - f.planned[0]) / (f.planned[1] - f.planned[0]))];
  return dot(terms, d.leverage.map((row) => dot(row, terms))) > d.furthest * (1 + 1e-9) ? ["this combination"] : [];
}
function quantile(sorted, share) { return sorted[Math.min(sorted.length - 1, Math.ceil(share * (sorted.length - 1)))]; }
function sizes(d) {
  const f = d.factors.find((one) => one.name === "homes"), n = 60;
  return Array.from({ length: n }, (_, k) => f.low * Math.pow(f.high / f.low, k / (n - 1)));
}
function solve(d, at, target, width, beta) { // homes by bisection on the log scale; infinite if the most do not reach it
  const f = d.factors.find((one) => one.name === "homes");
  const reached = (homes) => power(d, { ...at, homes }, width, beta) >= target;
  if (!reached(f.high)) return Infinity;
  if (reached(f.low)) return f.low;
  let low = f.low, high = f.high;
  for (let k = 0; k < 40; k += 1) {
    const middle = Math.sqrt(low * high);
    if (reached(middle)) high = middle; else low = middle;
  }
  return high;
}
function needed(d, at, target) {
  const drawn = d.width_draws.map((w, k) => solve(d, at, target, w, d.power_draws[k])).sort((a, b) => a - b);
  const tail = (1 - d.mass) / 2;
  return { homes: solve(d, at, target, d.width, d.power), low: quantile(drawn, tail), high: quantile(drawn, 1 - tail) };
}
function rounded(size) { // two figures, a half step where the second would hide a tenth
  if (size < 10) return Math.ceil(size);
  let step = Math.pow(10, Math.floor(Math.log10(size)) - 1);
  if (size / step < 50 && step > 1) step /= 2;
  return Math.round(size / step) * step;
}
function answer(d, at, target) {
  const f = d.factors.find((one) => one.name === "homes"), what = `${Math.round(100 * target)} % power`;
  const found = needed(d, at, target), few = found.homes <= f.low * (1 + 1e-6);
  const size = Number.isFinite(found.homes) ? found.homes : f.high;
  const out = outside(d, { ...at, homes: Math.min(Math.max(size, f.low), f.high) });
  if (out.length) return { text: `No answer: ${out.join(", ")} lies outside of what was run.`, found: null };
  const most = rounded(f.high);
  if (!Number.isFinite(found.homes)) {
    return { text: `More than ${most} homes for ${what}: more than were run, so no number is given.`, found };
  }
  if (few) return { text: `At most ${rounded(f.low)} homes for ${what}: the fewest that were run reach it.`, found };
  const high = Number.isFinite(found.high) ? rounded(found.high) : `over ${most}`;
  return { text: `About ${rounded(found.homes)} homes (${rounded(found.low)}–${high}) for ${what}.`, found };
}
function toml(d, at, target, homes) {
  const middle = Math.max(2, Math.round(homes));
  const set = d.factors.filter((f) => f.name !== "homes")
    .map((f) => `"${f.field}" = ${f.whole ? at[f.name] : Number(at[f.name].toPrecision(4)).toFixed(4)}`);
  return ['name = "from the explorer"', 'question = "How many homes show peer influence?"', "", "[scenario]",
    'use = "small"', "", "[scenario.set]", ...set, "", "[plan]", 'use = "default"', "", "[plan.set]",
    '"exposure.beside" = []', '"sampling.draws" = 500', "", "[axes]",
    `"homes.count" = [${[0.5, 0.75, 1, 1.5].map((k) => Math.max(2, Math.round(k * middle))).join(", ")}]`, "",
    "[solve]", 'size = "homes.count"', `assurance = ${target.toFixed(2)}`, ""].join("\n");
}

function start(d) {
  const at = {}, form = document.getElementById("dials");
  let target = 0.8;
  const steps = 200;
  const value = (f, k) => {
    const v = f.scale === "log" ? f.low * Math.pow(f.high / f.low, k / steps) : f.low + (f.high - f.low) * k / steps;
    return f.whole ? Math.round(v) : v;
  };
  const place = (f, v) => Math.round(steps * (f.scale === "log"
    ? Math.log(v / f.low) / Math.log(f.high / f.low) : (v - f.low) / (f.high - f.low)));
  const said = (f, v) => f.name === "effect" ? `${v.toFixed(2)} (rate ratio ${Math.exp(v).toFixed(2)})`
    : f.name === "unseen" ? `${Math.round(100 * v)} %` : f.whole ? String(v) : v.toFixed(2);
  const dial = (id, label, k, most, show, change) => {
    const box = document.createElement("div"), name = document.createElement("label"), words = document.createElement("span");
    const out = document.createElement("output"), input = document.createElement("input");
    box.className = "dial"; name.htmlFor = id; words.textContent = label; input.id = id; input.type = "range";
    Object.assign(input, { min: 0, max: most, step: 1 }); input.value = k; out.htmlFor = id;
    const told = () => { change(Number(input.value)); out.value = show(); input.setAttribute("aria-valuetext", show()); };
    input.addEventListener("input", () => { told(); draw(); });
    name.append(words, out); box.append(name, input); form.append(box); told();
  };
  for (const f of d.factors) {
    if (f.name === "homes") continue;
    const first = Math.min(Math.max(f.start, f.low), f.high);
    dial(`dial-${f.name}`, f.label, place(f, first), steps, () => said(f, at[f.name]), (k) => { at[f.name] = value(f, k); });
  }
  dial("dial-target", "power wanted", 30, 45, () => `${Math.round(100 * target)} %`, (k) => { target = 0.5 + k / 100; });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("copy").addEventListener("click", () => {
    const pre = document.getElementById("toml"), range = document.createRange();
    range.selectNodeContents(pre); getSelection().removeAllRanges(); getSelection().addRange(range);
    document.getElementById("copied").textContent = document.execCommand("copy") ? "Copied." : "Selected.";
  });
  function draw() {
    const told = answer(d, at, target), shown = document.getElementById("answer");
    shown.textContent = told.text;
    const size = told.found && Number.isFinite(told.found.homes) ? told.found.homes
      : d.factors.find((f) => f.name === "homes").high;
    document.getElementById("toml").textContent = toml(d, at, target, size);
    picture(d, at, target, told);
    const claims = power(d, { ...at, effect: 0, homes: size }, d.width, d.power);
    document.getElementById("null").textContent = told.found
      ? `Without any effect, ${(100 * claims).toFixed(1)} % of such studies would still claim one (false confidence).` : "";
  }
  draw();
}
function picture(d, at, target, told) {
  const svg = document.getElementById("curve"), homes = sizes(d), said = document.getElementById("said");
  const low = homes[0], high = homes[homes.length - 1];
  const X = (h) => 56 + 560 * Math.log(h / low) / Math.log(high / low), Y = (p) => 316 - 292 * p;
  if (!told.found) { svg.replaceChildren(); said.textContent = "No curve is drawn where there is no answer."; return; }
  const band = homes.map((h) => {
    const all = d.width_draws.map((w, k) => power(d, { ...at, homes: h }, w, d.power_draws[k])).sort((a, b) => a - b);
    return [quantile(all, (1 - d.mass) / 2), quantile(all, (1 + d.mass) / 2)];
  });
  const make = (name, attributes, text) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, v] of Object.entries(attributes)) e.setAttribute(key, v);
    if (text) e.textContent = text;
    return e;
  };
  const parts = [];
  for (const p of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    parts.push(make("line", { x1: 56, x2: 616, y1: Y(p), y2: Y(p), class: "rule" }));
    parts.push(make("text", { x: 48, y: Y(p) + 4, "text-anchor": "end" }, `${Math.round(100 * p)} %`));
  }
  for (const h of [20, 40, 80, 160, 320].filter((one) => one >= low && one <= high * 1.01)) {
    parts.push(make("text", { x: X(h), y: 336, "text-anchor": "middle" }, String(h)));
  }
  parts.push(make("text", { x: 336, y: 356, "text-anchor": "middle" }, "homes"));
  const up = homes.map((h, k) => `${X(h).toFixed(1)},${Y(band[k][1]).toFixed(1)}`);
  const down = homes.map((h, k) => `${X(h).toFixed(1)},${Y(band[k][0]).toFixed(1)}`).reverse();
  parts.push(make("polygon", { points: [...up, ...down].join(" "), class: "band" }));
  const line = homes.map((h) => `${X(h).toFixed(1)},${Y(power(d, { ...at, homes: h }, d.width, d.power)).toFixed(1)}`);
  parts.push(make("polyline", { points: line.join(" "), class: "line" }));
  parts.push(make("line", { x1: 56, x2: 616, y1: Y(target), y2: Y(target), class: "mark" }));
  if (Number.isFinite(told.found.homes)) {
    parts.push(make("line", { x1: X(told.found.homes), x2: X(told.found.homes), y1: Y(0), y2: Y(target), class: "mark" }));
  }
  svg.replaceChildren(...parts);
  said.textContent = "Power over homes: the line is the surface, the band what its coefficients leave open (90 %).";
}
if (D) start(D);
if (typeof module !== "undefined") module.exports = { power, answer, needed, outside, toml, ndtr, rounded };
