// SPDX-License-Identifier: MIT
// Charts, drawn by Chart.js in the colours of the style sheet. A chart is a description; when the page has changed,
// mountCharts() draws what is new and updates what is there without any movement.
import { h } from './dom.js';

let library = null;
const drawn = new Map(); // element → Chart

async function load() {
  await import('./chart.js');
  const { Chart } = globalThis;
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.plugins.legend.display = false;
  Chart.defaults.font.size = 12;
  return Chart;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function datasets(spec) {
  return spec.series.map((s) => ({
    label: s.name,
    data: s.values,
    backgroundColor: s.colours ? s.colours.map(colour) : colour(s.colour),
    borderColor: colour(s.colour ?? 'accent'),
    borderWidth: spec.type === 'line' ? 2 : 0,
    borderRadius: spec.type === 'bar' ? 2 : 0,
    borderSkipped: false,
    pointRadius: spec.labels.length === 1 ? 3 : 0,
    pointHoverRadius: 4,
    spanGaps: true,
    tension: 0,
    maxBarThickness: 36,
    categoryPercentage: spec.labels.length > 60 ? 0.9 : 0.78,
    barPercentage: 1,
  }));
}

function tooltip(element) {
  return {
    mode: 'index',
    intersect: false,
    padding: 12,
    cornerRadius: 8,
    boxWidth: 8,
    boxHeight: 8,
    boxPadding: 6,
    caretSize: 0,
    multiKeyBackground: colour('tip'),
    backgroundColor: colour('tip'),
    titleColor: colour('tip-text'),
    bodyColor: colour('tip-text'),
    footerColor: colour('tip-text'),
    titleFont: { weight: '600' },
    footerFont: { weight: '600' },
    itemSort: (a, b) => b.datasetIndex - a.datasetIndex,
    filter: (item) => item.raw !== null && (item.raw !== 0 || element.spec.series.length === 1),
    callbacks: {
      title: (items) => (items.length > 0 ? element.spec.titles[items[0].dataIndex] : ''),
      label: (item) => ` ${item.dataset.label}  ${element.spec.format(item.raw)}`,
      footer: (items) => (items.length > 0 ? (element.spec.footer?.(items[0].dataIndex) ?? '') : ''),
    },
  };
}

function options(element) {
  const spec = element.spec;
  const faint = colour('line'),
    text = colour('muted');
  return {
    interaction: { mode: 'index', intersect: false },
    layout: { padding: { top: 6 } },
    onClick: (_, items) => items.length > 0 && element.spec.pick?.(items[0].index),
    onHover: (event, items) => {
      event.native.target.style.cursor = spec.pick && items.length > 0 ? 'pointer' : 'default';
    },
    plugins: { tooltip: tooltip(element) },
    scales: {
      x: {
        stacked: true,
        grid: { display: false },
        border: { display: false },
        ticks: { color: text, maxRotation: 0, autoSkip: !spec.thinned, autoSkipPadding: 28 },
      },
      y: {
        stacked: spec.stacked !== false,
        beginAtZero: true,
        max: spec.max,
        border: { display: false },
        grid: { color: faint, drawBorder: false, drawTicks: false },
        ticks: { color: text, padding: 10, maxTicksLimit: 5, callback: (v) => element.spec.format(v, true) },
      },
    },
  };
}

function draw(Chart, element) {
  const spec = element.spec;
  let chart = drawn.get(element);
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  if (chart && chart.config.type !== spec.type) {
    chart.destroy();
    chart = null;
  }
  if (!chart) {
    element.replaceChildren(document.createElement('canvas'));
    chart = new Chart(element.firstChild, {
      type: spec.type,
      data: { labels: spec.labels, datasets: datasets(spec) },
      options: options(element),
    });
    element.firstChild.setAttribute('role', 'img');
    drawn.set(element, chart);
  } else {
    chart.data.labels = spec.labels;
    chart.data.datasets = datasets(spec);
    chart.options = options(element);
    chart.update('none');
  }
  element.firstChild.setAttribute('aria-label', spec.label);
  element.drawnSpec = spec;
}

/** Fetches the library already while the figures are on their way. */
export function prepareCharts() {
  library ??= load();
}

/** Draws every chart of the page whose description has changed. */
export async function mountCharts(again = false) {
  for (const [element, chart] of drawn) {
    if (element.isConnected) continue;
    chart.destroy();
    drawn.delete(element);
  }
  const wanted = [...document.querySelectorAll('.chart')].filter(
    (e) => e.spec && (again || e.drawnSpec?.key !== e.spec.key),
  );
  if (wanted.length === 0) return;
  library ??= load();
  const Chart = await library;
  for (const element of wanted) if (element.isConnected) draw(Chart, element);
}

const opened = new Set(); // names of the charts whose table is open

function asTable(spec, rows) {
  const toggle = (event) => {
    if (event.currentTarget.open === opened.has(spec.name)) return;
    if (!opened.delete(spec.name)) opened.add(spec.name);
    window.dispatchEvent(new CustomEvent('reroute'));
  };
  return h(
    'details',
    { class: 'chart-data', open: opened.has(spec.name), on: { toggle } },
    h('summary', null, 'As a table'),
    opened.has(spec.name) && rows(),
  );
}

/** A chart with its legend, and the same as a table, which rows() makes, for those who cannot or do not want to see it.
 * `spec`: name, key (changes when anything does), label, type, labels, titles, series [{ name, colour, values }],
 * format(v, onAxis), footer(i), pick(i), max, thinned (labels are
 * few enough as they are). */
export function chart(spec, rows) {
  const legend = spec.legend ?? spec.series;
  return h(
    'div',
    { class: 'chart-part' },
    legend.length > 1 &&
      h(
        'ul',
        { class: 'legend', 'aria-hidden': 'true' },
        legend.map((s) => h('li', { class: `key-${s.colour}` }, s.name)),
      ),
    h('div', { class: 'chart', 'data-keep': true, spec }),
    rows && asTable(spec, rows),
  );
}
