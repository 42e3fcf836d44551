// Search runs in a worker, which browsers do not start for pages that lie on the disk. There, a hidden
// frame takes the worker's place: it loads the same script, and both sides pass messages as events.
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentWindow;
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inside.importScripts = async (...urls) => {
        for (const each of urls) await this.load(each);
      };
      this.load(url).then(() => {
        const waiting = this.waiting;
        this.waiting = null;
        waiting.forEach((data) => this.postMessage(data));
      });
    }

    load(url) {
      return new Promise((resolve, reject) => {
        const script = this.frame.contentDocument.createElement("script");
        Object.assign(script, { src: url, onload: resolve, onerror: reject });
        this.frame.contentDocument.body.append(script);
      });
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data);
      else {
        const Inner = this.frame.contentWindow.MessageEvent;
        this.frame.contentWindow.dispatchEvent(new Inner("message", { data }));
      }
    }

    terminate() {
      this.frame.remove();
    }
  }
  Object.assign(window, { IFrameWorker, Worker: IFrameWorker });
}
