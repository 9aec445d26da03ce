// SPDX-License-Identifier: MIT
// Sets the colours before anything is painted: those that were chosen here, or else those of the system.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('sluice-theme');
  } catch {
    // storage is switched off: the system decides
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
