/** The {@code heddle} command: one class a verb. */
module dev.heddle.cli {
  requires transitive dev.heddle.transformer;
  requires transitive info.picocli;
  requires com.fasterxml.jackson.databind;
  requires external.umap.java;
  requires java.desktop;
  requires me.tongfei.progressbar;

  exports dev.heddle.cli;

  opens dev.heddle.cli to
      info.picocli;

  uses dev.heddle.cli.Verb;

  provides dev.heddle.cli.Verb with
      dev.heddle.cli.AnswerVerb,
      dev.heddle.cli.AttentionVerb,
      dev.heddle.cli.ChatVerb,
      dev.heddle.cli.ClassifyVerb,
      dev.heddle.cli.ConformanceVerb,
      dev.heddle.cli.ConvertVerb,
      dev.heddle.cli.DemoVerb,
      dev.heddle.cli.DetokenizeVerb,
      dev.heddle.cli.DevicesVerb,
      dev.heddle.cli.EmbedVerb,
      dev.heddle.cli.EntitiesVerb,
      dev.heddle.cli.ExplainVerb,
      dev.heddle.cli.FillMaskVerb,
      dev.heddle.cli.GenerateVerb,
      dev.heddle.cli.ProjectVerb,
      dev.heddle.cli.PullVerb,
      dev.heddle.cli.ScoreVerb,
      dev.heddle.cli.SummarizeVerb,
      dev.heddle.cli.TokenizeVerb,
      dev.heddle.cli.TraceVerb,
      dev.heddle.cli.TranslateVerb,
      dev.heddle.cli.TuneVerb,
      dev.heddle.cli.VerifyVerb;
}
