"""The policy language: what a requirement or a rule may say, and what follows from it.

Here live attribute definitions and their canonical values, the grammar, the frozen tree with its printer and hash,
the three-valued evaluation, explanations, rules, and the combination of all answers into one verdict. Nothing here
knows a database, a request or a person: text and facts go in, frozen values come out. It imports the standard
library, the parser generator and `policy.types`, nothing else.

    definitions, values, operators    what can be said of whom
    grammar, checks, builder          from text and from a form's rows to a tree; every refusal names place and remedy
    tree, words                       printing, hashing, saying it in a reader's language
    predicates, evaluate, explain     true, false or unknown; why, and what would change it
    rules, obligations, documents     what a workspace decides: rules, named requirements, their JSON and its hash
    combine                           deny overrides; doubt never permits

A tour: `node = parse_requirement(text, vocabulary)`, `condition = compile_condition(node, vocabulary)`, `facts =
vocabulary.facts(Category.SUBJECT, raw) | ..`, `condition.truth(facts)`, `explain(node, vocabulary, facts)`; `policy =
compile_policy(read_document(form, vocabulary, actions), vocabulary)`, `policy.plan(target, condition).judge(facts)`.
The language itself is described in docs/policy-language.md.
"""
