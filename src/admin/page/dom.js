// SPDX-License-Identifier: MIT
// Makes elements, and brings a part of the page up to date without making it anew, so that focus, scroll positions and
// open details stay. Text becomes text nodes and nothing else: no markup is ever read from data.

const LISTENERS = Symbol('listeners');
const SVG = 'http://www.w3.org/2000/svg';

function dispatch(event) {
  this[LISTENERS]?.[event.type]?.call(this, event);
}

function listen(element, listeners) {
  for (const type of Object.keys(listeners)) {
    if (!element[LISTENERS]?.[type]) element.addEventListener(type, dispatch);
  }
  element[LISTENERS] = listeners;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
}

/** An element. Of `props`, `on` holds listeners, `vars` custom properties for the style sheet, `spec` a chart; the rest are
 * attributes: true is an empty one, and false, null and undefined are none. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === 'on') listen(element, value);
    else if (name === 'vars') for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else if (name === 'spec') element.spec = value;
    else if (name === 'value') element.value = value;
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

const classOf = (element) => (element.getAttribute('class') ?? '').replace(/ ?\bticked\b/, '');

/** An animation that is under way goes on. */
function syncClass(old, next) {
  const wanted = classOf(next);
  if (classOf(old) !== wanted)
    old.setAttribute('class', old.classList.contains('ticked') ? `${wanted} ticked` : wanted);
}

function syncAttributes(old, next) {
  const kept = (name) => name === 'class' || (name === 'open' && old.nodeName === 'DETAILS');
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !kept(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name !== 'style' && !kept(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of [...(next.style ?? [])]) {
    const value = next.style.getPropertyValue(name);
    if (old.style.getPropertyValue(name) !== value) old.style.setProperty(name, value);
  }
  syncClass(old, next);
  listen(old, next[LISTENERS] ?? {});
  if ('spec' in next) old.spec = next.spec;
}

function sameKind(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.dataset?.key === b.dataset?.key;
}

/** Marks a figure that has changed, for the style sheet to show. */
function tick(text) {
  const figure = text.parentElement?.closest('[data-tick]');
  if (!figure) return;
  figure.classList.remove('ticked');
  void figure.offsetWidth; // begins the animation anew
  figure.classList.add('ticked');
  figure.addEventListener('animationend', () => figure.classList.remove('ticked'), { once: true });
}

/** The children that have keys, less those that are not wanted any more, which are taken away. */
function keyedChildren(old, next) {
  const wanted = new Set([...next.children].map((child) => child.dataset.key));
  const keyed = new Map();
  for (const child of [...old.children]) {
    const { key } = child.dataset;
    if (key === undefined) continue;
    if (wanted.has(key)) keyed.set(key, child);
    else child.remove();
  }
  return keyed;
}

/** Puts `child` before `at`, which is further up. An element that moves loses the focus, so where that would happen the
 * others go around it. */
function bringTo(at, child) {
  const { parentNode, nextSibling: behind } = child;
  if (!child.contains(document.activeElement)) {
    parentNode.insertBefore(child, at);
    return;
  }
  while (at !== child) {
    const other = at;
    at = at.nextSibling;
    parentNode.insertBefore(other, behind);
  }
}

function morphChildren(old, next) {
  const keyed = keyedChildren(old, next);
  let at = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = wanted.dataset?.key;
    const known = key === undefined ? null : keyed.get(key);
    keyed.delete(key);
    if (known && sameKind(known, wanted)) {
      if (known !== at) bringTo(at, known);
      at = known.nextSibling;
      morph(known, wanted);
    } else if (at && key === undefined && sameKind(at, wanted)) {
      const here = at;
      at = at.nextSibling;
      morph(here, wanted);
    } else {
      old.insertBefore(wanted, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/** Makes `old` look like `next`, which is used up. Children with data-key are found again wherever they have moved; what
 * is below data-keep belongs to somebody else. */
export function morph(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) {
      old.data = next.data;
      tick(old);
    }
    return;
  }
  syncAttributes(old, next);
  if (old.nodeName === 'INPUT' && document.activeElement !== old && old.value !== next.value) old.value = next.value;
  if (old.nodeName === 'INPUT' && old.checked !== next.checked) old.checked = next.checked;
  if (next.dataset?.keep === undefined && old instanceof HTMLElement) morphChildren(old, next);
}

/** Brings the content of an element up to date. */
export function show(element, content) {
  const next = element.cloneNode(false);
  append(next, [content]);
  morphChildren(element, next);
}
