/**
 * Jinja templates as Python's jinja2 renders them, for the chat templates that models come with.
 *
 * <p>A template is a stranger's program. It sees strings, numbers, booleans, lists and mappings,
 * and nothing else: no Java object, no file, no other template. The steps that it takes, the depth
 * it reaches and the text it makes are bounded.
 */
package dev.heddle.jinja;
