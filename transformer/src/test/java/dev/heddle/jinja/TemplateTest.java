package dev.heddle.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.jinja.JinjaException.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
  private static final Path CASES = Path.of("src/test/fixtures/jinja/cases.json");
  private static final Map<String, Object> VARIABLES = variables();

  private static Map<String, Object> variables() {
    Map<String, Object> variables = new LinkedHashMap<>();
    variables.put("s", "text");
    variables.put("n", 7);
    variables.put("t", true);
    variables.put("no", null);
    variables.put("l", List.of(3, 1, 2));
    variables.put("d", Map.of("b", 1));
    return variables;
  }

  private static String render(String template) {
    return Template.parse(template).render(VARIABLES, LocalDateTime.of(2026, 1, 2, 3, 4, 5));
  }

  private static void check(String expected, String template) {
    assertEquals(expected, render(template), template);
  }

  private static JinjaException refusal(String template) {
    return assertThrows(JinjaException.class, () -> render(template), template);
  }

  /** Expressions, statements and white space; see make_cases.py beside the file. */
  @Test
  void everyTemplateIsRenderedAsJinja2DoesOrRefusedWhereItFails() throws IOException {
    JsonNode file = new ObjectMapper().readTree(CASES.toFile());
    Map<?, ?> variables = new ObjectMapper().convertValue(file.get("variables"), Map.class);
    Map<String, Object> named = new LinkedHashMap<>();
    variables.forEach((name, value) -> named.put((String) name, value));
    List<String> wrong = new ArrayList<>();
    for (JsonNode each : file.get("cases")) {
      String template = each.get("template").textValue();
      String found;
      try {
        found = Template.parse(template).render(named, LocalDateTime.MIN);
      } catch (JinjaException e) {
        found = null;
      }
      String expected = each.path("rendered").textValue();
      if (!Objects.equals(expected, found)) {
        wrong.add("%s%n  gives %s%n  expected %s".formatted(template, found, expected));
      }
    }
    assertTrue(file.get("cases").size() > 800);
    assertEquals(List.of(), wrong);
  }

  @Test
  void whatAnAssistantSaysMayBeMarked() {
    check("hi there", "{% generation %}hi{% endgeneration %} there");
  }

  @Test
  void theDateIsTheOneGiven() {
    check(
        "02 Jan 2026 2026-01-02 2 Friday",
        "{{ strftime_now('%d %b %Y') }} {{ strftime_now('%Y-%m-%d %-d %A') }}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% if %}a{% endif %}",
        "{% if t %}",
        "{% endif %}",
        "{% nonsense %}",
        "{{ 1 + }}",
        "{{ (1 }}",
        "{{ 'a }}",
        "{{ open",
        "{# open",
        "{% raw %} open",
        "{% break %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{{ n|nofilter }}",
        "{{ n is notest }}",
        "{% for %}{% endfor %}",
        "{% set 1 = 2 %}",
        "{{ 99999999999999999999 }}",
        "{{ '\\u12' }}"
      })
  void whatIsNoTemplateIsRefusedWithItsLine(String template) {
    JinjaException e = refusal("\n" + template);
    assertEquals(Kind.SYNTAX, e.kind(), e.getMessage());
    assertEquals(2, e.line());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ 'a'.ljust(9, 'bc') }}",
        "{{ 'a' + 1 }}",
        "{{ nope.x }}",
        "{{ nope + 'a' }}",
        "{{ no|length }}",
        "{{ n() }}",
        "{% for x in no %}{% endfor %}",
        "{{ 1 // 0 }}",
        "{{ 'a' < 1 }}",
        "{{ nope|tojson }}",
        "{{ l.append(1) }}",
        "{{ d.update({}) }}",
        "{% set d.a = 1 %}",
        "{{ 9223372036854775807 + 1 }}",
        "{% for a, b in [[1]] %}{% endfor %}",
        "{{ range(1, 5, 0) }}",
        "{{ l|map('nofilter') }}"
      })
  void whatPythonDoesNotDoFails(String template) {
    assertEquals(Kind.FAILED, refusal(template).kind());
  }

  @Test
  void aTemplateCanRefuseInItsOwnWords() {
    JinjaException e = refusal("a\n{{ raise_exception('Only ' ~ n ~ ' roles') }}");
    assertEquals(Kind.REFUSED, e.kind());
    assertEquals("Only 7 roles", e.getMessage());
    assertEquals(2, e.line());
  }

  /** None of the ways out of a sandbox leads anywhere: there are no objects behind the values. */
  @Test
  void nothingOfJavaIsToBeReached() {
    for (String name : List.of("class", "__class__", "getClass", "bytes", "length", "hashCode")) {
      check("", "{{ s.%1$s }}{{ l.%1$s }}{{ n.%1$s }}{{ d.%1$s }}{{ no.%1$s }}".formatted(name));
      check("", "{{ s['%1$s'] }}{{ range.%1$s }}{{ loop }}".formatted(name));
    }
    assertEquals(Kind.FAILED, refusal("{{ ''.__class__.__mro__ }}").kind());
    Map<String, Object> object = Map.of("o", new StringBuilder("x"));
    Template template = Template.parse("{{ o }}");
    assertThrows(
        JinjaException.class, () -> template.render(object, LocalDateTime.MIN), "a Java object");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{{ range(10000000000)|length }}",
        "{{ 'x' * 10000000000 }}",
        "{{ [1] * 99999999999 }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{%"
            + " endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{%"
            + " endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x, ns.x] %}{%"
            + " endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}{%"
            + " endfor %}{{ ns.x|tojson }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ 'a'|center(99999999999) }}",
        "{{ ('x' * 100000).replace('', 'y' * 100000) }}",
        "{{ ('x' * 100000)|replace('x', 'y' * 100000) }}",
        "{{ '%999999999d' % 1 }}",
        "{% for i in range(999999) %}{{ s.split(' ')|join|list|length }}{{ (l * 999)|sort|first"
            + " }}{% endfor %}"
      })
  void whatTakesTooMuchIsStoppedSoon(String template) {
    JinjaException e = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> refusal(template));
    assertTrue(e.kind() == Kind.LIMIT || e.kind() == Kind.FAILED, e.getMessage());
  }

  @Test
  void deepNestingIsRefusedNotAStackOverflow() {
    for (String template :
        List.of(
            "{{ " + "(".repeat(100_000),
            "{{ " + "[".repeat(100_000),
            "{{ " + "-".repeat(100_000) + "1 }}",
            "{{ " + "not ".repeat(100_000) + "1 }}",
            "{{ 1" + " + 1".repeat(200_000) + " }}",
            "{{ s" + "|upper".repeat(100_000) + " }}",
            "{{ d" + ".a".repeat(200_000) + " }}",
            "{% if t %}".repeat(100_000),
            "{% if t %}" + "{% elif t %}".repeat(50_000),
            "x".repeat(2_000_000))) {
      String begin = template.substring(0, 30);
      try {
        render(template);
      } catch (JinjaException e) {
        assertTrue(e.kind() != Kind.REFUSED, begin);
      }
    }
  }
}
