package dev.heddle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A page that is whole in itself: style, script and data in one file, nothing from a network. */
public final class Page {
  private Page() {}

  /** The page {@code name}.html with {@code title} and {@code data}, any value of {@link Json}. */
  static String of(String name, String title, Object data) {
    try {
      // Inside a script element nothing but "<" could end it, or begin a comment.
      String json = new ObjectMapper().writeValueAsString(data).replace("<", "\\u003c");
      return resource(name + ".html")
          .replace("{{style}}", style())
          .replace("{{script}}", resource(name + ".js"))
          .replace("{{title}}", escaped(title))
          .replace("{{data}}", json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON of this", e);
    }
  }

  /** The style of every page that the command writes. */
  public static String style() {
    return resource("page.css");
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("{", "&#123;");
  }

  private static String resource(String name) {
    try (InputStream stream = Page.class.getResourceAsStream(name)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
