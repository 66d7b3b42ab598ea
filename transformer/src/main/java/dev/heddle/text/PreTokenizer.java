package dev.heddle.text;

import java.util.List;

/**
 * How a text is cut before byte-pair encoding, by the names that llama.cpp gave ({@code
 * tokenizer.ggml.pre}); the expressions are those of the models' own {@code tokenizer.json} where
 * llama.cpp's are adapted from them ({@code llama-vocab.cpp}).
 *
 * @param splits expressions, in Oniguruma's syntax: each cuts what those before have left into what
 *     it matches and what lies between
 * @param ignoresMerges whether a piece that is a token as it stands is not merged from its bytes
 * @param addsBos whether a text begins with the BOS token unless the file says otherwise
 * @param composes whether texts are brought to Unicode's form NFC first, as these models' {@code
 *     tokenizer.json} does
 */
record PreTokenizer(List<String> splits, boolean ignoresMerges, boolean addsBos, boolean composes) {

  private static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String SIGNS = " ?[^\\s\\p{L}\\p{N}]+";
  private static final String DIGIT = "\\p{N}";
  private static final String THREE_DIGITS = "\\p{N}{1,3}";

  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|" + SIGNS + "|\\s+(?!\\S)|\\s+";
  private static final String LLAMA3 = words(THREE_DIGITS);
  private static final String QWEN2 = words(DIGIT);

  /** Words of upper case before lower case, with what is appended to them. */
  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";

  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String GPT4O =
      cased(UPPER, LOWER, CONTRACTION + "?") + "|" + THREE_DIGITS + signsAndSpaces("[\\r\\n/]*");
  private static final String TEKKEN =
      cased(UPPER, LOWER, "") + "|" + DIGIT + signsAndSpaces("[\\r\\n/]*");

  private static final String ASCII_SIGN = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]";
  private static final String HAN_AND_KANA = "[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{30FF}]+";
  private static final String DEEPSEEK_HAN =
      "[\\x{4E00}-\\x{9FA5}\\x{0800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+";
  private static final String DEEPSEEK3_WORDS =
      ASCII_SIGN + "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+";
  private static final String BLOOM =
      " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{FF0C}\\x{3001}\\x{0964}\\x{06D4}\\x{060C})]+";

  /** Letters that have a case, as deepseek-llm lists them: code points and ranges of them. */
  private static final String DEEPSEEK_LETTERS =
      """
      41-5a 61-7a b5 c0-d6 d8-f6 f8-1ba 1bc-1bf 1c4-293 295-2af 370-373 376-377
      37b-37d 37f 386 388-38a 38c 38e-3a1 3a3-3f5 3f7-481 48a-52f 531-556 10a0-10c5
      13a0-13f5 13f8-13fd 1c90-1cba 1cbd-1cbf 1d00-1d2b 1d6b-1d77 1d79-1d9a
      1e00-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d
      1f80-1fb4 1fb6-1fbc 1fbe 1fc2-1fc4 1fc6-1fcc 1fd0-1fd3 1fd6-1fdb 1fe0-1fec
      1ff2-1ff4 1ff6-1ffc 2102 2107 210a-2113 2115 2119-211d 2124 2126 2128
      212a-212d 212f-2134 2139 213c-213f 2145-2149 214e 2183-2184 2c00-2c7b
      2c7e-2ce4 2ceb-2cee 2cf2-2cf3 a640-a66d a680-a69b a722-a76f a771-a787
      a78b-a78e ab70-abbf fb00-fb06 fb13-fb17 ff21-ff3a ff41-ff5a 10400-1044f
      104b0-104d3 104d8-104fb 10c80-10cb2 10cc0-10cf2 118a0-118df 1e900-1e943
      """;

  /**
   * The one of this name.
   *
   * @param source the file that names it, for errors
   * @throws TokenizerException if there is none
   */
  static PreTokenizer of(String name, String source) {
    return switch (name) {
      case "default" -> plain("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]");
      case "gpt-2",
          "phi-2",
          "jina-es",
          "jina-de",
          "jina-v1-en",
          "jina-v2-es",
          "jina-v2-de",
          "jina-v2-code",
          "roberta-bpe",
          "modern-bert",
          "gigachat",
          "a.x-4.0",
          "mellum",
          "exaone4",
          "jais",
          "trillion",
          "granite-docling" ->
          plain(GPT2);
      case "mpt", "olmo" -> composing(GPT2);
      case "llama3",
          "llama-v3",
          "llama-bpe",
          "falcon3",
          "falcon-h1",
          "pixtral",
          "midm-2.0",
          "lfm2",
          "jina-v5-nano" ->
          new PreTokenizer(List.of(LLAMA3), true, true, false);
      case "dbrx", "smaug-bpe", "glm4", "chatglm-bpe" -> plain(LLAMA3);
      case "minicpm5" -> whole(THREE_DIGITS, words("\\p{N}+"));
      case "qwen2", "f2llmv2" -> composing(QWEN2);
      case "qwen35" ->
          composing(
              CONTRACTION
                  + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
                  + "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|"
                  + SPACES);
      case "deepseek-r1-qwen", "kormo", "megrez", "stablelm2", "hunyuan", "solar-open", "grok-2" ->
          plain(QWEN2);
      case "laguna" -> plain("[^\\n]+|[\\n]+", QWEN2);
      case "falcon" -> plain("[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]");
      case "command-r" -> composing(DIGIT, GPT2);
      case "starcoder", "refact", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2" ->
          plain(DIGIT, GPT2);
      case "deepseek-llm" ->
          plain(
              "[\\r\\n]",
              "\\s?[" + hexadecimal(DEEPSEEK_LETTERS) + "]+",
              "\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}"
                  + "\\x{3000}-\\x{3002}]+",
              "\\s+$",
              DEEPSEEK_HAN,
              "\\p{N}+");
      case "deepseek-coder" -> plain("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", DEEPSEEK_HAN, DIGIT);
      case "deepseek-v3", "hunyuan-dense", "joyai-llm" ->
          plain(THREE_DIGITS, HAN_AND_KANA, DEEPSEEK3_WORDS + "[\\r\\n]*|" + SPACES);
      case "spark2_5" ->
          plain(THREE_DIGITS, HAN_AND_KANA, DEEPSEEK3_WORDS + "|[\\r\\n]|\\s+(?!\\S)|\\s+", DIGIT);
      case "tekken" -> new PreTokenizer(List.of(TEKKEN), true, true, false);
      case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2" -> plain(GPT4O);
      case "granite-embed-multi-97m" -> whole(GPT4O);
      case "tiny_aya", "cohere2moe" -> plain("\\d{1,3}(?=(?:\\d{3})*\\b)", GPT4O);
      case "youtu" ->
          whole(
              "[\\x{AC00}-\\x{D7A3}\\x{3131}-\\x{318E}]+"
                  + "|[\\x{FF01}\\x{2026}\\x{201C}\\x{201D}\\x{2018}\\x{2019}\\x{2014}\\x{FF1A}"
                  + "\\x{FF1B}\\x{FF0C}\\x{3001}-\\x{303F}\\x{FE30}-\\x{FE4F}]+"
                  + "|[\\x{3105}-\\x{312F}]+|"
                  + HAN_AND_KANA,
              cased(UPPER, LOWER, CONTRACTION + "?") + "|" + DIGIT + signsAndSpaces("[\\r\\n/]*"));
      case "kimi-k2" ->
          plain(
              "\\p{Han}+|"
                  + cased(outsideHan(UPPER), outsideHan(LOWER), CONTRACTION + "?")
                  + "|"
                  + THREE_DIGITS
                  + signsAndSpaces("[\\r\\n]*"));
      case "poro-chat", "bloom", "gpt3-finnish" -> plain(BLOOM);
      case "viking" -> plain(BLOOM, DIGIT);
      case "chameleon" ->
          new PreTokenizer(
              List.of(
                  "<sentinel:[0-9]+>",
                  "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
                  "([\\t\\n]|    |  )",
                  DIGIT,
                  "[\\p{P}!-/:-@\\[-`{-~]",
                  GPT2),
              false,
              true,
              false);
      case "superbpe" -> plain("\\p{N}+", "(?=(\\d{3})+(?!\\d))");
      case "bailingmoe", "bailingmoe2", "llada-moe" ->
          plain(
              "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}"
                  + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
      case "seed-coder" ->
          plain(
              CONTRACTION
                  + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|"
                  + SPACES);
      case "exaone-moe" ->
          plain(
              CONTRACTION
                  + "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}|"
                  + SIGNS
                  + "[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
      case "jais-2" -> plain(LLAMA3.substring(0, LLAMA3.indexOf(SPACES)) + halvedSpaces());
      default ->
          throw new TokenizerException(
              ("%s: metadata \"tokenizer.ggml.pre\" is \"%s\"; this way of cutting texts before"
                      + " byte-pair encoding is not known. Known are llama.cpp's, such as gpt-2,"
                      + " llama-bpe, qwen2, deepseek-v3, tekken")
                  .formatted(source, name));
    };
  }

  private static PreTokenizer plain(String... splits) {
    return new PreTokenizer(List.of(splits), false, false, false);
  }

  private static PreTokenizer whole(String... splits) {
    return new PreTokenizer(List.of(splits), true, false, false);
  }

  private static PreTokenizer composing(String... splits) {
    return new PreTokenizer(List.of(splits), false, false, true);
  }

  private static String words(String digits) {
    String letters = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
    return CONTRACTION + "|" + letters + "|" + digits + signsAndSpaces("[\\r\\n]*");
  }

  private static String cased(String upper, String lower, String suffix) {
    String start = "[^\\r\\n\\p{L}\\p{N}]?";
    return "%1$s%2$s*%3$s+%4$s|%1$s%2$s+%3$s*%4$s".formatted(start, upper, lower, suffix);
  }

  private static String outsideHan(String letters) {
    return letters.substring(0, letters.length() - 1) + "&&[^\\p{Han}]]";
  }

  private static String signsAndSpaces(String afterSigns) {
    return "|" + SIGNS + afterSigns + "|" + SPACES;
  }

  /** The longest power of two of white space that none follows, each. */
  private static String halvedSpaces() {
    StringBuilder spaces = new StringBuilder("\\s*[\\r\\n]+");
    for (int count = 512; count > 2; count /= 2) {
      spaces.append("|\\s{").append(count).append("}(?!\\S)");
    }
    return spaces.append("|\\s{1,2}(?!\\S)|\\s{1}").toString();
  }

  private static String hexadecimal(String ranges) {
    return ranges.strip().replaceAll("[0-9a-f]+", "\\\\x{$0}").replaceAll("\\s+", "");
  }
}
