"""Robot feedback from a grammar: a scene is drawn, a person's opinion of it, then words that say so.

All of it is synthetic and marked so. `scenes` draws what was seen, `rules` says what words are worth then,
`languages` holds the words (one file a language), `styles` how somebody says them, `raters` who rated them,
and `grammar` puts these together.
"""
