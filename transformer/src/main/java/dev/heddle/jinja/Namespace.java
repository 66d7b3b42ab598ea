package dev.heddle.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** The one thing of a template that can be changed: {@code {% set ns.found = true %}}. */
final class Namespace {
  final Map<String, Object> fields = new LinkedHashMap<>();
}
