package dev.heddle.text;

import dev.heddle.backend.HeddleException;
import dev.heddle.jinja.JinjaException;

/** A chat template cannot be used, or cannot be rendered for these messages. */
public final class ChatTemplateException extends HeddleException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure it is. */
  public enum Kind {
    /** There is no template, or what is there is none. */
    UNUSABLE,
    /** The template refuses the messages, in words of its own: {@link #reason()}. */
    REFUSED,
    /** The template does not foresee such messages: it fails in Python as well. */
    FAILED,
    /** The template takes more steps, or makes a longer text, than is allowed. */
    LIMIT
  }

  private final Kind kind;
  private final String reason;

  private ChatTemplateException(Kind kind, String message, String reason, Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.reason = reason;
  }

  static ChatTemplateException unusable(String source, String reason) {
    return new ChatTemplateException(Kind.UNUSABLE, source + ": " + reason, reason, null);
  }

  static ChatTemplateException of(String source, JinjaException cause) {
    String where = cause.line() > 0 ? " (line %d of the template)".formatted(cause.line()) : "";
    String reason = cause.getMessage();
    return switch (cause.kind()) {
      case SYNTAX ->
          new ChatTemplateException(
              Kind.UNUSABLE, source + ": is no template: " + reason + where, reason, cause);
      case REFUSED ->
          new ChatTemplateException(
              Kind.REFUSED,
              source + ": the chat template refuses these messages: " + reason + where,
              reason,
              cause);
      case FAILED ->
          new ChatTemplateException(
              Kind.FAILED,
              source + ": the chat template fails for these messages: " + reason + where,
              reason,
              cause);
      case LIMIT ->
          new ChatTemplateException(
              Kind.LIMIT,
              source + ": the chat template is stopped: " + reason + where,
              reason,
              cause);
    };
  }

  /** The kind. */
  public Kind kind() {
    return kind;
  }

  /** What is wrong; for {@link Kind#REFUSED} the words of the template. */
  public String reason() {
    return reason;
  }
}
