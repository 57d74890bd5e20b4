/** What a list method answers with: a page of items and the way to the next page. */
interface Page {
  readonly nextPageToken: string;
}

/** Pages of the largest size unless the caller wants another one, so that reading all takes the fewest calls. */
const PAGE_SIZE = 100;

/**
 * Every item of a list, page after page, each page read when the one before it is used up. A page may be empty without
 * being the last.
 */
export async function* itemsOf<Request extends object, Answer extends Page, Item>(
  request: Request,
  list: (request: Request & { pageToken: string; pageSize: number }) => Promise<Answer>,
  pick: (answer: Answer) => readonly Item[],
): AsyncGenerator<Item, void, undefined> {
  const { pageSize = 0, pageToken: first = "" } = request as { pageSize?: number; pageToken?: string };
  let pageToken = first;
  do {
    const answer = await list({ ...request, pageSize: pageSize || PAGE_SIZE, pageToken });
    yield* pick(answer);
    pageToken = answer.nextPageToken;
  } while (pageToken !== "");
}
