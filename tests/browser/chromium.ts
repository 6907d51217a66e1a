/**
 * A page in headless Chromium, by the Chrome DevTools Protocol:
 * https://chromedevtools.github.io/devtools-protocol/
 */

/** What the browser reports by itself. */
interface Happening {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

type Answer = { readonly result: Record<string, unknown>; readonly error?: { message: string } };

/** A browser that shows one page. `await using` ends it. */
export class Chromium implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #happened: Happening[] = [];
  #news = Promise.withResolvers<void>();

  private constructor(child: Deno.ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, ...message } = JSON.parse(data);
      if (id === undefined) this.#happened.push(message);
      else this.#answers.get(id)?.(message);
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    };
  }

  static async started(): Promise<Chromium> {
    const folder = Deno.makeTempDirSync({ prefix: "denobpf-chromium-" });
    const child = new Deno.Command("chromium-headless-shell", {
      args: [
        // It refuses to run as root otherwise.
        ...["--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"],
        ...[`--user-data-dir=${folder}`, "--window-size=1016,600", "about:blank"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const port = await portOf(child);
    const pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const socket = new WebSocket(pages[0].webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const browser = new Chromium(child, folder, socket);
    for (const domain of ["Page", "Network", "Log", "Runtime"]) {
      await browser.#ask(`${domain}.enable`);
    }
    return browser;
  }

  /** Shows a file, and returns once all of it has been read and run. */
  async open(path: string): Promise<void> {
    this.#happened.length = 0;
    await this.#ask("Page.navigate", { url: `file://${path}` });
    await this.untilReported("Page.loadEventFired", 1);
  }

  /** The value of an expression of JavaScript in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#ask("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** Returns once an expression is true. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => ${expression} ? resolve() : requestAnimationFrame(look);
      look();
    })`);
  }

  /** Clicks on the middle of the first element that a selector finds. */
  async click(selector: string): Promise<void> {
    const [x, y] = await this.evaluate<number[]>(`(() => {
      const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)})
        .getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    })()`);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.#ask("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
    }
  }

  /** Types letters into what has the focus. */
  async type(text: string): Promise<void> {
    await this.#ask("Input.insertText", { text });
  }

  /** Returns once the browser has reported something this many times. */
  async untilReported(method: string, count: number): Promise<void> {
    while (this.reported(method).length < count) await this.#news.promise;
  }

  /** What the browser has reported of the page since it was opened. */
  reported(method: string): Happening["params"][] {
    return this.#happened.filter((happening) => happening.method === method)
      .map(({ params }) => params);
  }

  async #ask(method: string, params = {}): Promise<Record<string, unknown>> {
    const id = this.#answers.size + 1;
    const answered = new Promise<Answer>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    await this.#ask("Browser.close");
    await Promise.all([closed, this.#child.status]);
    await this.#child.stderr.cancel();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** The port where it listens, which it prints. */
async function portOf(child: Deno.ChildProcess): Promise<string> {
  let printed = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stderr.values({ preventCancel: true })) {
    printed += decoder.decode(bytes, { stream: true });
    const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(printed)?.[1];
    if (port !== undefined) return port;
  }
  throw new Error(`Chromium ended before it listened:\n${printed}`);
}
