package dev.heddle.jinja;

/** What a template can call: a macro, a method of a value, a function of the renderer's. */
interface Function {
  Object call(Arguments arguments, Renderer renderer);
}
