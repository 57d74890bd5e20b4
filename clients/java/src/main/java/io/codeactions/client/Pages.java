package io.codeactions.client;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Everything that a list method answers, page after page, each page read when the one before it is used up. Each
 * iteration reads anew, and throws {@link CodeActionsException} where a page cannot be read.
 *
 * @param <T> what is listed
 */
public final class Pages<T> implements Iterable<T> {
  private static final int SIZE = 100;

  private final String firstToken;
  private final Function<String, Page<T>> read;

  Pages(String firstToken, Function<String, Page<T>> read) {
    this.firstToken = firstToken;
    this.read = read;
  }

  /** What a list method answers with: some items, and the way to the next page; empty after the last one. */
  record Page<T>(List<T> items, String nextToken) {}

  /** Pages are of the largest size unless the caller wants another one, so that reading all takes the fewest calls. */
  static int sizeFor(int wanted) {
    return wanted == 0 ? SIZE : wanted;
  }

  /** Begins with the first page, which is read when its first item is asked for. */
  @Override
  public Iterator<T> iterator() {
    return new Items();
  }

  /**
   * The same as a stream, which reads no page before it needs one of its items.
   *
   * @return the items in their order
   */
  public Stream<T> stream() {
    return StreamSupport.stream(spliterator(), false);
  }

  private final class Items implements Iterator<T> {
    private Iterator<T> page = List.<T>of().iterator();
    private String token = firstToken;
    private boolean isLastPage;

    @Override
    public boolean hasNext() {
      // A page may be empty without being the last.
      while (!page.hasNext() && !isLastPage) {
        Page<T> next = read.apply(token);
        page = next.items().iterator();
        token = next.nextToken();
        isLastPage = token.isEmpty();
      }
      return page.hasNext();
    }

    @Override
    public T next() {
      if (!hasNext()) throw new NoSuchElementException();
      return page.next();
    }
  }
}
