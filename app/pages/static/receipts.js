// The witness's page leaves nothing behind: leaving it by anything but its own ends the session.
"use strict";

const warned = document.getElementById("bientot");
const token = document.querySelector("#fin [name=jeton]").value;
const WARNING = 60;
let stays = false;

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (link && !elsewhere && !link.hasAttribute("download") && link.pathname.startsWith("/suivi")) stays = true;
});
document.addEventListener("submit", () => {
  stays = true;
});
document.addEventListener("keydown", (event) => {
  const reloads = (event.ctrlKey || event.metaKey) && event.key === "r";
  if (event.key === "F5" || reloads) stays = true;
});
addEventListener("pageshow", (event) => {
  stays = event.persisted;
  if (event.persisted) location.reload();
});
addEventListener("pagehide", () => {
  if (!stays) navigator.sendBeacon("/suivi/fin", new URLSearchParams({ jeton: token }));
});

setTimeout(
  () => {
    const notice = document.getElementById("rester").content.cloneNode(true);
    notice.querySelector("a").href = location.pathname;
    warned.append(notice);
  },
  Math.max(0, warned.dataset.idle - WARNING) * 1000,
);
