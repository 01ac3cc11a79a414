"""Chinese questions in English words, so that English notes answer them too.

The embedding model knows English only. A question is cut by longest match into names that the notes' glossary pairs
with an English term, and the common words below; the order stays Chinese, which search does not mind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CJK = re.compile(r"[\u3400-\u9fff]+")

# Chinese=English, the English may hold spaces.
_PAIRS = """
怎么工作=how does it work 是怎么工作=how does it work 工作=work 如何工作=how does it work
什么是=what is 是什么=what is 什么叫=what is 什么=what 为什么=why 为何=why 怎么样=how 怎么=how 怎样=how
如何=how 哪些=which 哪个=which 哪种=which 哪里=where 几个=how many 多少=how many 多大=how large
多长=how long 谁=who 何时=when 区别=difference 差别=difference 不同=difference 差异=difference
对比=comparison 比较=comparison 关系=relationship 联系=relationship 相同=same 公式=formula
定义=definition 意思=meaning 含义=meaning 表示=mean 代表=mean 解释=explain 说明=explain 介绍=explain
举例=example 例子=example 代码=code 优点=strengths 优势=strengths 好处=strengths 缺点=weaknesses
劣势=weaknesses 局限=limits 问题=problem 原因=cause 作用=purpose 用途=use 用来=used for 应用=applications
步骤=steps 过程=process 流程=process 方法=method 技巧=trick 原理=how it works
机制=mechanism 机理=mechanism 算法=algorithm 目标=objective 目的=purpose
需要=need 必须=must 可以=can 能够=can 能=can 不能=cannot 不会=does not 不是=is not 没有=without
避免=avoid 防止=prevent 解决=fix 缓解=reduce 改善=improve 提高=improve 衡量=measure 评价=evaluate
评估=evaluate 判断=tell 检测=detect 类比=analogy 比喻=analogy 故事=story 模型=model 模式=mode
网络=network 神经网络=neural network 层=layer 参数=parameters 权重=weights 向量=vector 矩阵=matrix
张量=tensor 维度=dimension 维=dimension 概率=probability 分布=distribution 均值=mean 方差=variance
标准差=standard deviation 高斯=gaussian 正态=normal 随机=random 噪声=noise 噪音=noise 样本=sample
采样=sampling 抽样=sampling 数据=data 数据集=data set 标签=label 类别=class 分类=classification
聚类=clustering 回归=regression 特征=feature 训练=training 学习=learn 生成=generate 判别=discriminate
预测=predict 推理=inference 优化=optimise 优化器=optimiser 梯度=gradient 学习率=learning rate
收敛=converge 稳定=stable 不稳定=unstable 崩溃=collapse 崩塌=collapse 消失=vanishing 爆炸=exploding
损失=loss 误差=error 重建=reconstruction 重构=reconstruction 压缩=compress 编码=encode 解码=decode
编码器=encoder 解码器=decoder 潜在=latent 隐=latent 空间=space 插值=interpolation 图像=image 图片=image
图=image 照片=photo 人脸=face 像素=pixel 清晰=sharp 模糊=blurry 文本=text 文字=text 文生图=text to image
语音=speech 声音=sound 音频=audio 视频=video 词=word 单词=word 句子=sentence 语言=language
大模型=large language model 序列=sequence 位置=position 上下文=context 窗口=window 长度=length
提示词=prompt 提示=prompt 负面=negative 温度=temperature 注意力=attention 查询=query 键=key 值=value
缩放=scale 点积=dot product 掩码=mask 遮盖=mask 微调=fine-tuning 预训练=pretraining 低秩=low-rank
检索=retrieval 增强=augmented 工具=tools 智能体=agent 协议=protocol 幻觉=hallucination 胡说=hallucination
编造=hallucination 记忆=memory 知识=knowledge 人类=human 反馈=feedback 奖励=reward
强化学习=reinforcement learning 扩散=diffusion 前向=forward 反向=reverse 逆向=reverse 加噪=add noise
去噪=denoising 时间步=timestep 步=step 调度=schedule 引导=guidance 条件=conditional 无条件=unconditional
确定性=deterministic 流=flow 速度=velocity 卷积=convolution 转置=transposed 池化=pooling 步长=stride
填充=padding 感受野=receptive field 循环=recurrent 记忆网络=memory network 门=gate
跳跃连接=skip connection 残差=residual 归一化=normalisation 激活函数=activation function 生成器=generator
判别器=discriminator 鉴别器=discriminator 对抗=adversarial 博弈=game 均衡=equilibrium 平衡=equilibrium
距离=distance 散度=divergence 熵=entropy 交叉熵=cross-entropy 似然=likelihood 最大=maximum 最小=minimum
下界=lower bound 后验=posterior 先验=prior 期望=expectation 近似=approximate 重参数化=reparameterisation
码本=codebook 量化=quantised 困惑度=perplexity 准确率=accuracy 精确率=precision 召回率=recall
多样性=diversity 质量=quality 真实=real 假=fake 逼真=realistic 风险=risks 危害=dangers 版权=copyright
偏见=bias 安全=safety 隐私=privacy 架构=architecture 结构=architecture 产品=product
朴素贝叶斯=naive bayes 贝叶斯=bayes 决策树=decision tree 随机森林=random forest
支持向量机=support vector machine 逻辑回归=logistic regression 最近邻=nearest neighbours 监督=supervised
无监督=unsupervised 自监督=self-supervised 过拟合=overfitting 泛化=generalise 头发=hair 金发=blond
黑发=black hair 年龄=age 微笑=smile 眼镜=glasses 第一=first 第二=second 第三=third 两=two 两个=two
三=three 一次=once 多次=many times 越大=larger 越小=smaller 越高=higher 越低=lower 更好=better
更快=faster 更慢=slower 快=fast 慢=slow 大=large 小=small 高=high 低=low 新=new 旧=old 和=and 与=and
跟=and 或=or
"""
WORDS = dict(re.findall(r"([\u3400-\u9fff]+)=(.*?)(?=\s+[\u3400-\u9fff]+=|\s*$)", _PAIRS.replace("\n", " ")))
# What students write in answers besides; no question of search needs it.
_ANSWER_PAIRS = """
遗忘=forget 忘记=forget 输入=input 输出=output 添加=add 加入=add 加上=add 加=add 逐步=gradually 逐渐=gradually
一步步=gradually 一步一步=gradually 每一步=each step 每步=each step 直到=until 几乎=almost 只剩下=only left
只剩=only left 剩下=left 纯=pure 只要=only need 只需要=only need 只需=only need 只有=only 只=only 仅=only
控制=control 接近=close to 靠近=close to 等于=equals 不等于=not equal 变量=variable 潜变量=latent variable
隐变量=latent variable 变成=turn into 变为=turn into 成为=become 变化=change 变=change 任何=any 关于=about
信息=information 聊天=chat 背后=behind 版本=version 版=version 一开始=at first 开始=start 最后=last 最终=finally
最开始=first 字母=letter 太多=too many 很多=many 许多=many 更多=more 更少=fewer 多=many 少=few 内存=memory
不够=not enough 足够=enough 之前=before 之后=after 以前=before 以后=after 前面=earlier 后面=later 后来=later
前=before 后=after 分数=score 得分=score 负=negative 无穷=infinity 无限=infinite 零=zero 散度=divergence
伪造=fake 虚假=fake 深度=deep 深度学习=deep learning 翻译=translate 编程=programming 写=write 文章=text 画=draw
插图=picture 图画=picture 价格=price 更新=update 文档=document 微调=fine-tuning 知道=know 顺序=order 本身=itself
自己=own 别的=other 其他=other 不同的=different 真实=real 真的=real 前文=earlier text 惩罚=penalty 系列=family
一系列=a family of 从左到右=from left to right 从右到左=from right to left 方向=direction 双向=both directions
单向=one direction 一个一个=one by one 逐个=one by one 同时=at the same time 一起=together 并行=parallel
依次=one by one 增加=increase 增大=increase 变大=grow 变小=shrink 减少=decrease 减小=decrease 降低=lower
下降=fall 上升=rise 最小化=minimise 最大化=maximise 最大=largest 最小=smallest 最好=best 更=more 较=more
不再=no longer 没有=no 没=not 无=no 不需要=does not need 不用=does not need 无需=does not need 不能=cannot
无法=cannot 不可以=cannot 不会=does not 不是=is not 不=not 非=not 都不=neither 可能=may 一定=certainly
总是=always 总=always 从不=never 永远=always 有时=sometimes 因为=because 由于=because 所以=so 因此=so 如果=if
但是=but 但=but 而且=and 并且=and 并=and 然后=then 从而=so that 为了=in order to 通过=through 根据=from 使用=use
利用=use 用=use 让=let 使=make 防止=prevent 允许=allow 帮助=help 保持=keep 保留=keep 保存=store 丢掉=drop
丢弃=drop 去掉=remove 去除=remove 删除=remove 除去=remove 恢复=restore 还原=restore 重新=again 得到=get 获得=get
产生=produce 制造=make 做=do 作=make 选择=choose 选=choose 找=find 找到=find 看到=see 看=look 见过=seen
区分=distinguish 分辨=distinguish 辨别=distinguish 欺骗=fool 骗过=fool 骗=fool 竞争=compete 合作=cooperate
相互=each other 互相=each other 之间=between 连接=connect 相加=add 相乘=multiply 乘=times 除=divide
加权=weighted 平均=average 求和=sum 和为=sum to 总和=sum 一个=a 一种=a 一=one 二=two 两=two 三=three 四=four
五=five 六=six 七=seven 八=eight 九=nine 十=ten 百=hundred 千=thousand 万=ten thousand 一半=half 部分=part
全部=all 所有=all 整个=whole 每个=each 每=each 相同=same 一样=same 相似=similar 类似=similar 固定=fixed
稳定=stable 不稳定=unstable 困难=hard 容易=easy 简单=simple 复杂=complex 便宜=cheap 昂贵=expensive 贵=expensive
成本=cost 计算=compute 运算=compute 速度=speed 人=people 人工=manual 标注=label 有标签=labelled
无标签=unlabelled 答案=answer 问题=question 事实=fact 来源=source 外部=outside 内部=inside 当前=current
下一个=next 上一个=previous 未来=future 过去=past 已经=already 隐藏=hidden 状态=state 单元=unit 细胞=cell
神经元=neuron 激活=activation 函数=function 线性=linear 非线性=nonlinear 矩阵=matrix 高维=high-dimensional
低维=low-dimensional 连续=continuous 离散=discrete 随机性=randomness 多样=diverse 多样化=diverse 单一=single
细节=detail 颜色=colour 形状=shape 大小=size 数量=number 数字=number 种=kind 个=a 张=a 从=from 到=to 门=gate
逆=inverse 反=reverse 反向传播=backpropagation 链式法则=chain rule 更容易=easier 更难=harder 错误=wrong
正确=correct 错=wrong 对=right
"""
ANSWER_WORDS = dict(
    re.findall(r"([\u3400-\u9fff]+)=(.*?)(?=\s+[\u3400-\u9fff]+=|\s*$)", _ANSWER_PAIRS.replace("\n", " "))
)
_GRAMMAR = frozenset(
    "的了吗呢啊吧呀在有是一个这那它他她们会要也都就把被用中里上下对从到为而时以及其让使给得地着过来去还又再很最我你请"
)

# Which stand alone; the others of these may be a part of a word.
_PARTICLES = frozenset("的了吗呢啊吧呀在是和与也都就把被不没")
_LONGEST_UNKNOWN = 3


def words_of(run: str) -> list[str]:
    """A run of Chinese characters cut into words; together they are the run.

    Known words are found by longest match. What stands between them is one word where it is short: the list holds few
    words, and a cut through one that it lacks is worse than two words in one piece. A longer rest is cut in twos.
    """
    found: list[str] = []
    unknown, at = "", 0
    while at < len(run):
        size = next(
            (n for n in range(min(_LONGEST_WORD, len(run) - at), 1, -1) if run[at : at + n] in _CUT), 1
        )
        if size == 1 and run[at] not in _PARTICLES:
            unknown += run[at]
        else:
            found += [*_in_twos(unknown), run[at : at + size]]
            unknown = ""
        at += size
    return [*found, *_in_twos(unknown)]


_CUT = frozenset(word for word in (*WORDS, *ANSWER_WORDS) if len(word) > 1)
_LONGEST_WORD = max(map(len, _CUT))


def _in_twos(run: str) -> list[str]:
    if len(run) <= _LONGEST_UNKNOWN:
        return [run] if run else []
    return [run[:2], *_in_twos(run[2:])]


def says_nothing(word: str) -> bool:
    """Whether a Chinese word is grammar alone."""
    return set(word) <= _GRAMMAR


def in_english(text: str, names: Mapping[str, str]) -> str:
    """A text with its Chinese in English words; what is not known stays as it is.

    Args:
        names: Chinese name -> English term, from the glossary; they go before the common words.
    """
    return " ".join(CJK.sub(lambda run: f" {_run_in_english(run.group(), names)} ", text).split())


def _run_in_english(run: str, names: Mapping[str, str]) -> str:
    found, unknown, at = [], "", 0
    longest = max(map(len, (*names, *WORDS)))
    while at < len(run):
        for size in range(min(longest, len(run) - at), 0, -1):
            piece = run[at : at + size]
            if (english := names.get(piece) or WORDS.get(piece)) or piece in _GRAMMAR:
                found += [unknown, english or ""]
                unknown, at = "", at + size
                break
        else:
            unknown, at = unknown + run[at], at + 1
    return " ".join(part for part in [*found, unknown] if part)
