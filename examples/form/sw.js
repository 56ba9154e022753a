// Opens the page without a network, from the files that form.js keeps; nothing of the registry passes through here.
addEventListener("fetch", (event) => {
  const own = new URL(event.request.url).origin === location.origin;
  if (own) event.respondWith(fetch(event.request).catch(() => caches.match(event.request)));
});
