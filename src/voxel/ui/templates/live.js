// Shows the state as it changes; without this script the page shows it as it was when it was loaded.
const live = document.getElementById("live");
const controls = document.getElementById("controls"); // there only with the token
let shown = "";
async function look() {
  try {
    const answer = await fetch("/live");
    if (answer.ok) {
      const text = await answer.text();
      if (text !== shown) {
        shown = text;
        live.innerHTML = text;
        if (controls) controls.dataset.busy = document.getElementById("busy").textContent;
      }
    }
  } catch {
    live.dataset.gone = "true";
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}
look();
