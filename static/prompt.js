// Shows what becomes of a template while it is written.

const form = document.querySelector("form[data-preview]");
const [rendered, problem] = ["[data-rendered]", "[data-problem]"].map((part) => document.querySelector(part));
let [waiting, request] = [0, null];

async function preview() {
  request?.abort();
  request = new AbortController();
  try {
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ content: form.elements.content.value }),
      signal: request.signal,
    });
    const body = await answer.json();
    problem.hidden = answer.ok;
    if (answer.ok) rendered.textContent = body.content;
    else problem.textContent = typeof body.detail === "string" ? body.detail : body.detail?.[0]?.msg ?? "The preview failed";
  } catch (error) {
    if (error.name === "AbortError") return;
    problem.textContent = "The server cannot be reached";
    problem.hidden = false;
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(preview, 500);
});
preview();
