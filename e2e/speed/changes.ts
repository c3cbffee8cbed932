/** Changes findings through the API at a steady rate; each change is one event for every viewer. */

interface Who {
  email: string;
  password: string;
  company: string;
}

export class Changes {
  made = 0;
  #running = false;
  #ended: Promise<void> = Promise.resolve();
  readonly #url: string;
  readonly #token: string;
  readonly #findings: string[];

  private constructor(url: string, token: string, findings: string[]) {
    this.#url = url;
    this.#token = token;
    this.#findings = findings;
  }

  static async begin(url: string, { email, password, company }: Who): Promise<Changes> {
    const signedIn = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    const { token } = (await signedIn.json()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    // The ones on top of the list: the changes happen where people look.
    const list = await fetch(`${url}/api/v1/findings?company_id=${company}&sort=-severity&limit=200`, {
      headers,
    });
    const { items } = (await list.json()) as { items: { id: string }[] };
    return new Changes(
      url,
      token,
      items.map(({ id }) => id),
    );
  }

  start(aSecond: number): void {
    this.#running = true;
    this.#ended = this.#run(aSecond);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#ended;
  }

  async #run(aSecond: number): Promise<void> {
    const began = performance.now();
    const open = new Set<Promise<void>>();
    for (let n = 0; this.#running; n += 1) {
      const change = this.#change(n).finally(() => open.delete(change));
      open.add(change);
      const due = began + ((n + 1) * 1000) / aSecond;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      if (open.size > aSecond) await Promise.race(open);
    }
    await Promise.all(open);
  }

  async #change(n: number): Promise<void> {
    const id = this.#findings[n % this.#findings.length];
    const answer = await fetch(`${this.#url}/api/v1/findings/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ description: `Looked at for the ${n}th time` }),
    });
    if (!answer.ok) throw new Error(`PATCH /findings/${id}: ${answer.status} ${await answer.text()}`);
    this.made += 1;
  }
}
