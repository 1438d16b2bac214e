// Draws what is in data-chart with uPlot, in the colours of the style sheet; the table beside each
// chart says the same, so without this script nothing is lost.
(() => {
  "use strict";
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const paper = matchMedia("print");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  const ink = (name) => (printing || paper.matches ? { line: "#999", soft: "#333" }[name] || "#000" : colour(name));
  const wash = (name) => (printing ? "#0003" : `color-mix(in srgb, ${ink(name)} 18%, transparent)`);

  const axes = (data, size) => {
    const look = { stroke: ink("soft"), font: `${size}px sans-serif`, ticks: { show: false } };
    const grid = { stroke: ink("line"), width: 1 };
    return [
      { ...look, grid: { show: false }, size: size * 2, splits: (plot) => places(data, plot.width / (size * 4.5)), values: (_, at) => at.map((n) => data.labels[n] ?? "") },
      { ...look, grid, size: size * 3.6, values: (_, at) => at.map((n) => String(n)) },
    ];
  };
  const places = (data, room) => {
    const step = data.every, every = step * Math.ceil(data.labels.length / step / room);
    return data.labels.map((_, n) => n).filter((n) => n % every === 0);
  };
  const shown = (data) => (_, value) => (value == null ? "–" : value.toFixed(data.digits));

  const series = (data) => {
    const bars = data.kind === "bars";
    const found = [{ label: data.along, value: (_, n) => data.labels[n] ?? "–" }];
    for (const one of data.lines)
      found.push({
        label: one.name, stroke: ink(one.look), width: 2, dash: one.dash ? [8, 5] : undefined, value: shown(data),
        fill: bars ? ink(one.look) : undefined, points: { show: false }, spanGaps: false,
        paths: bars ? uPlot.paths.bars({ size: [0.7, 40] }) : undefined,
      });
    for (const one of data.levels)
      found.push({ label: one.name, stroke: ink(one.look), width: 2, dash: [2, 4], points: { show: false }, value: shown(data) });
    if (data.band) {
      const edge = { stroke: ink("accent"), width: 1, points: { show: false }, value: shown(data) };
      found.push({ ...edge, label: data.band.high_name }, { ...edge, label: data.band.low_name });
      found.push({ ...edge, label: data.band.name, width: 2, dash: [8, 5] });
    }
    return found;
  };
  const rows = (data) => {
    const found = [data.labels.map((_, n) => n), ...data.lines.map((one) => one.values)];
    for (const one of data.levels) found.push(data.labels.map(() => one.value));
    if (data.band) found.push(data.band.high, data.band.low, data.band.middle);
    return found;
  };

  const draw = (figure) => {
    const data = JSON.parse(figure.dataset.chart);
    const plot = figure.querySelector(".plot");
    figure.hidden = false;
    const size = Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.75);
    const at = data.lines.length + data.levels.length;
    const last = data.labels.length - 1;
    figure.chart?.destroy();
    figure.chart = new uPlot(
      {
        width: Math.max(240, plot.clientWidth), height: Math.round(size * (data.lines.length + data.levels.length > 1 ? 17 : 13)),
        scales: { x: { time: false, range: data.kind === "bars" ? [-0.6, last + 0.6] : [0, last] }, y: { range: (_, low, high) => [0, (high || 1) * 1.08] } },
        axes: axes(data, size), series: series(data), legend: { show: true, live: true }, cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        bands: data.band ? [{ series: [at + 1, at + 2], fill: wash("accent") }] : [],
      },
      rows(data), plot,
    );
  };
  const all = () => { for (const figure of document.querySelectorAll("[data-chart]")) draw(figure); };

  let later = 0;
  addEventListener("resize", () => { clearTimeout(later); later = setTimeout(all, 150); });
  addEventListener("beforeprint", () => { printing = true; all(); });
  addEventListener("afterprint", () => { printing = false; all(); });
  dark.addEventListener("change", all);
  paper.addEventListener("change", all);
  all();
})();
