package dev.heddle.bench;

import java.util.List;

/**
 * How a system continued a text.
 *
 * @param ids the tokens; empty where the system tells text alone
 * @param pieces the text of each token, as far as the system could show it then
 */
record Continuation(List<Integer> ids, List<String> pieces) {
  /**
   * With how many tokens another one begins like this one: by ids where both tell them, by the text
   * up to a token's end else, whatever blanks go before it.
   */
  int agreed(Continuation other) {
    if (!ids.isEmpty() && !other.ids.isEmpty()) {
      int most = Math.min(ids.size(), other.ids.size());
      int agreed = 0;
      while (agreed < most && ids.get(agreed).equals(other.ids.get(agreed))) {
        agreed++;
      }
      return agreed;
    }
    String text = String.join("", other.pieces).stripLeading();
    StringBuilder own = new StringBuilder();
    int agreed = 0;
    for (int i = 0; i < pieces.size(); i++) {
      own.append(pieces.get(i));
      String prefix = own.toString().stripLeading();
      if (!text.startsWith(prefix)) {
        break;
      }
      // Before anything can be shown nothing can agree.
      agreed = prefix.isEmpty() ? 0 : i + 1;
    }
    return agreed;
  }
}
