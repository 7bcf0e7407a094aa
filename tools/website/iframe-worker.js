// Browsers start no worker for a page that is a file. There the script of the search runs in a frame instead, with the
// same messages.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(script) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<body></body>";
      this.ready = new Promise((resolve) => {
        frame.onload = () => {
          const { contentWindow, contentDocument } = frame;
          contentWindow.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
          const element = contentDocument.createElement("script");
          element.onload = () => resolve(contentWindow);
          element.src = script;
          contentDocument.body.append(element);
        };
      });
      document.documentElement.append(frame);
    }

    postMessage(data) {
      this.ready.then((worker) => worker.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {}
  };
}
