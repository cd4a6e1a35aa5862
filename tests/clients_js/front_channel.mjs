// The browser's part: follows redirects with the cookies of somebody who is signed in, shows nothing.

const MAX_REDIRECTS = 12;

export class Browser {
  constructor(cookie) {
    this.jar = new Map(
      cookie.split(/; */).filter(Boolean).map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    );
  }

  /** Open `url` and follow redirects to an address that begins with `until`; a page on the way is an error. */
  async open(url, until) {
    const end = await this.follow(url, until);
    if (!end.location) throw new Error(`stopped at a page: ${end.status} ${end.page} at ${end.at}`);
    return end.location;
  }

  /** Like `open`, but a page is an outcome: {location} or {status, page, at}. */
  async follow(url, until) {
    let at = new URL(url);
    for (let redirects = 0; redirects < MAX_REDIRECTS; redirects += 1) {
      const response = await fetch(at, {
        redirect: 'manual',
        headers: { cookie: this.cookie(), accept: 'text/html' },
      });
      this.keep(response.headers.getSetCookie());
      const location = response.headers.get('location');
      if (!location) {
        const text = await response.text();
        const page = /data-page="([^"]+)"/.exec(text)?.[1] ?? text.slice(0, 160);
        return { status: response.status, page, at: at.href };
      }
      await response.body?.cancel();
      at = new URL(location, at);
      if (at.href.startsWith(until)) return { location: at };
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects, last to ${at.href}`);
  }

  cookie() {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  keep(fields) {
    for (const field of fields) {
      const [pair, ...attributes] = field.split(/; */);
      const at = pair.indexOf('=');
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const gone = attributes.some((each) => /^max-age=0$/i.test(each) || /01[ -]Jan[ -]1970/i.test(each));
      if (gone || value === '') this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }
}
