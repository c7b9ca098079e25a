await customElements.whenDefined("notify-bell");
const { client } = document.querySelector("notify-bell");

function show() {
  document.getElementById("count").textContent = client.badge;
  document.body.dataset.live = client.status.state === "live";
}

client.addEventListener("counts", show);
client.addEventListener("state", show);
client.addEventListener("notification", ({ detail }) => {
  console.info(detail.title);
});
show(); // it may have connected before this script came
