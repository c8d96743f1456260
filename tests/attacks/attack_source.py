"""Programs that attack whoever reads, sends or compiles them: source too long, too deep, or hardly text."""

from __future__ import annotations

from attack_programs import Program

WRONG = "\ndef f(x):\n    return 0\nif __name__ == '__main__':\n    print(f(int(input())))\n"

SOURCE = tuple(
    Program(name, tries, source + WRONG)
    for name, tries, source in (
        ("source_parentheses", "parentheses nested 100,000 deep", "a = " + "(" * 100_000 + ")" * 100_000),
        ("source_brackets", "brackets nested up to the tokenizer's limit", "a = " + "[" * 199 + "]" * 199),
        ("source_signs", "a number with 300,000 signs", "a = " + "-" * 300_000 + "1"),
        ("source_nots", "a hundred thousand negations", "a = " + "not " * 100_000 + "1"),
        ("source_attributes", "an attribute chain 200,000 long", "a = a" + ".a" * 200_000),
        ("source_calls", "a call of a call 100,000 deep", "a = a" + "()" * 100_000),
        ("source_sum", "a sum of 500,000 terms", "a = 1" + "+1" * 500_000),
        ("source_strings", "200,000 strings side by side", "a = " + "'a' " * 200_000),
        ("source_powers", "a tower of powers", "a = " + "9**" * 50_000 + "9"),
        ("source_lambdas", "lambdas within lambdas", "a = " + "lambda: " * 50_000 + "1"),
        ("source_conditions", "conditions within conditions", "a = " + "1 if 1 else " * 50_000 + "1"),
        ("source_branches", "20,000 branches of one statement", "if 0: pass\n" + "elif 0: pass\n" * 20_000),
        (
            "source_indented",
            "blocks indented 99 deep",
            "".join(" " * depth + "if 1:\n" for depth in range(99)) + " " * 99 + "1",
        ),
        ("source_patterns", "a pattern nested deep", "match 1:\n case " + "[" * 190 + "]" * 190 + ": pass"),
        ("source_annotations", "an annotation nested deep", "a: " + "a[" * 190 + "a" + "]" * 190),
        (
            "source_comprehensions",
            "comprehensions within comprehensions",
            "a = " + "[0 for a in " * 90 + "a" + "]" * 90,
        ),
        ("source_long_number", "a number of a million digits", "a = " + "9" * 1_000_000),
        ("source_long_name", "a name of a million letters", "a" * 1_000_000 + " = 1"),
        ("source_long", "ten megabytes of assignments", "a = 1\n" * 1_700_000),
        ("source_long_line", "one line of twenty megabytes", "#" + "a" * 20_000_000),
        ("source_nul", "NUL characters", "a = 1\0\n"),
        ("source_surrogates", "unpaired surrogates", "a = '\ud800\udfff'\n"),
        ("source_not_characters", "characters that are none", "a = '\uffff\U0010ffff\ufeff'\n\ufeff"),
        ("source_coding", "a declared encoding that hides code", "# coding: utf-7\n+AGY- = 1\n"),
        ("source_line_ends", "every kind of line end", "a = 1\r\nb = 2\rc = 3\x0cd = 4\u2028e = 5\x85"),
        ("source_unfinished", "an unfinished text", "a = '''"),
        ("source_empty_bytes", "nothing but control characters", "".join(map(chr, range(1, 32)))),
        ("source_future", "a future that does not exist", "from __future__ import braces"),
        ("source_warnings", "a warning for every one of 50,000 lines", "'\\\\d' is 'a'\n" * 50_000),
        ("source_quotes", "what ends a text that it might be pasted into", "\"\"\"'''\\\n}}{{%s{0}"),
    )
)
