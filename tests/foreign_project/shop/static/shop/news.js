await customElements.whenDefined("notify-bell");
const { client } = document.querySelector("notify-bell");

client.addEventListener("counts", ({ detail }) => {
  document.getElementById("count").textContent = detail.unseen;
});
client.addEventListener("notification", ({ detail }) => {
  console.info(detail.title);
});
client.addEventListener("state", ({ detail }) => {
  document.body.dataset.live = detail.state === "live";
});
