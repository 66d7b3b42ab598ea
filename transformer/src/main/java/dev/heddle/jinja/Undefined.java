package dev.heddle.jinja;

/**
 * What a name, attribute or item that is not there gives: empty where it is printed, looped over or
 * tested; an error where anything else is done with it.
 *
 * @param reason {@code 'tools' is undefined}
 */
record Undefined(String reason) {
  JinjaException error() {
    return JinjaException.failed("%s", reason);
  }
}
