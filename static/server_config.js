// A question that the server asks keeps the rest of the page away until it is answered.
for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
  dialog.close();
  dialog.showModal();
}
