// Opens dialogs in browsers that do not know the attribute `command` yet.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('button[command="show-modal"]');
    if (button) document.getElementById(button.getAttribute("commandfor"))?.showModal();
  });
}
