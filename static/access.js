// Says how many grants a form would change.
const form = document.getElementById("grants");
const button = document.querySelector("button[data-save]");
if (form && button) {
  const boxes = [...form.elements].filter((element) => element.type === "checkbox");
  const show = () => {
    const changed = boxes.filter((box) => box.checked !== box.defaultChecked).length;
    button.disabled = changed === 0;
    button.textContent = changed === 0 ? "Save changes" : `Save ${changed} ${changed === 1 ? "change" : "changes"}`;
  };
  for (const box of boxes) box.addEventListener("change", show);
  // Going back in the browser restores what was ticked.
  window.addEventListener("pageshow", show);
  show();
}
