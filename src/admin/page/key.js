// SPDX-License-Identifier: MIT
// The dialog that asks for the proxy's key.

/** A promise of what was typed. It cannot be dismissed: without the key there is nothing to show. */
export function askForKey(wrong) {
  const dialog = document.getElementById('key-dialog');
  const form = document.getElementById('key-form');
  const input = document.getElementById('key-input');

  document.getElementById('key-error').textContent = wrong ? 'The proxy did not accept this key.' : '';
  input.value = '';
  if (!dialog.open) dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    const cancel = (event) => event.preventDefault();
    dialog.addEventListener('cancel', cancel);
    form.addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        dialog.removeEventListener('cancel', cancel);
        dialog.close();
        resolve(input.value.trim());
      },
      { once: true },
    );
  });
}
