"""Chat templates in the shape of well-known families: their own rules, in as few words as hold them."""

from __future__ import annotations

from dataclasses import dataclass

from agents.policies.tiny import build_tiny_tokenizer
from agents.rollout.chat import TemplateValue
from agents.rollout.codec import TextCodec

__all__ = ["FAMILIES", "Family"]


@dataclass(frozen=True)
class Family:
    """A chat template with what a tokenizer needs for it."""

    template: str
    controls: tuple[str, ...]
    end: str
    """The token that ends a turn."""
    before_response: str = ""
    """What the template puts between its opening and a response."""

    def codec(self, **variables: TemplateValue) -> TextCodec:
        tokenizer = build_tiny_tokenizer()
        tokenizer.add_special_tokens({"additional_special_tokens": list(self.controls)})
        tokenizer.chat_template = self.template
        return TextCodec(tokenizer, use_chat_template=True, chat_template_kwargs=variables)


_REFUSE_OTHER_ORDERS = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
)
_CHATML = ("<|im_start|>", "<|im_end|>")
FAMILIES = {
    "qwen_2": Family(
        "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe helpful.<|im_end|>\n{% endif %}"
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
        _CHATML,
        "<|im_end|>",
    ),
    "qwen_3": Family(
        "{% set ns = namespace(last=-1) %}{% for m in messages %}{% if m['role'] == 'user' %}"
        "{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
        "{% if m['role'] == 'assistant' and loop.index0 < ns.last %}"
        "{{ m['content'].split('</think>')[-1].lstrip('\n') }}{% else %}{{ m['content'] }}{% endif %}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
        "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
        _CHATML,
        "<|im_end|>",
    ),
    "llama_3": Family(
        "{{ bos_token or '<|begin_of_text|>' }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}"
        "<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
        "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
        ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        "<|eot_id|>",
    ),
    "mistral": Family(
        "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}"
        "{% set messages = messages[1:] %}{% endif %}<s>" + _REFUSE_OTHER_ORDERS +
        "{% if m['role'] == 'user' %}[INST]{% if loop.last and system is defined %} {{ system }}\n\n"
        "{{ m['content'] }}"
        "{% else %} {{ m['content'] }}{% endif %}[/INST]{% else %} {{ m['content'] | trim }}</s>{% endif %}"
        "{% endfor %}",
        ("<s>", "</s>", "[INST]", "[/INST]"),
        "</s>",
        before_response=" ",
    ),
    "gemma": Family(
        "<bos>{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
        _REFUSE_OTHER_ORDERS +
        "<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
        "{{ m['content'] | trim }}<end_of_turn>\n"
        "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
        ("<bos>", "<start_of_turn>", "<end_of_turn>"),
        "<end_of_turn>",
    ),
    "phi": Family(
        "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}",
        ("<|end|>",),
        "<|end|>",
    ),
    "r1": Family(
        "<|begin|>{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] }}"
        "{% elif m['role'] == 'user' %}<|user|>{{ m['content'] }}{% else %}"
        "<|assistant|>{{ m['content'].split('</think>')[-1] }}{{ eos_token }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}",
        ("<|begin|>",),
        "<eos>",
    ),
    "r1_that_keeps_thinking": Family(
        "{% for m in messages %}{% if m['role'] == 'assistant' %}<|assistant|>{{ m['content'] }}{{ eos_token }}"
        "{% else %}<|user|>{{ m['content'] }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}",
        (),
        "<eos>",
    ),
    "llama_2": Family(
        "{% for m in messages %}{% if m['role'] == 'assistant' %} {{ m['content'] }} {{ eos_token }}"
        "{% else %}<s>[INST] {{ m['content'] }} [/INST]{% endif %}{% endfor %}",
        ("<s>", "[INST]", "[/INST]"),
        "<eos>",
        before_response=" ",
    ),
}  # fmt: skip
"""Family -> its template."""
